-- CDNOW_master.txt: white space between customer, day, CDs and dollars; one line of headings. Every line is a purchase of its
-- own, at midnight UTC of its day. `everybody` are all customers known, also those who have done nothing by $now.
clock AS (SELECT TIMESTAMP '$now' AS asked),
line AS (
    SELECT string_split_regex(trim(text), '\s+') AS part
    FROM read_csv('$raw', columns = {'text': 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, skip = 1, auto_detect = false)
),
everybody AS (SELECT DISTINCT part[1] AS customer FROM line),
purchase AS (
    SELECT part[1] AS customer, strptime(part[2], '%Y%m%d') AS bought, part[3]::INT AS cds, part[4]::DECIMAL(18, 2) AS dollars
    FROM line, clock WHERE strptime(part[2], '%Y%m%d') <= asked
)
