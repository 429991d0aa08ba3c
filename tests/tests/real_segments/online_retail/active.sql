SELECT DISTINCT customer FROM bought, clock WHERE since > asked - INTERVAL 90 DAY
