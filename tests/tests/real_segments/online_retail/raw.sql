-- Online Retail II: invoice lines. An invoice is an order of its customer that begins with its first line; a line of a credit note
-- `C…` with a negative quantity is given back; another line without a positive quantity is no sale. Money is price × quantity.
-- `everybody` are all customers known, also those who have done nothing by $now; lines without a customer are nobody's.
clock AS (SELECT TIMESTAMP '$now' AS asked),
row AS (
    SELECT regexp_replace("Customer ID", '\.0$', '') AS customer, Invoice AS invoice, StockCode AS product, Country AS country,
        Quantity::INT AS quantity, Price::DECIMAL(18, 3) AS price, strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S') AS seen,
    FROM read_csv('$raw', header = true, all_varchar = true, quote = '"', escape = '"', auto_detect = false, delim = ',', columns = {
        'Invoice': 'VARCHAR', 'StockCode': 'VARCHAR', 'Description': 'VARCHAR', 'Quantity': 'VARCHAR', 'InvoiceDate': 'VARCHAR',
        'Price': 'VARCHAR', 'Customer ID': 'VARCHAR', 'Country': 'VARCHAR'})
    WHERE "Customer ID" <> ''
),
everybody AS (SELECT DISTINCT customer FROM row),
past AS (SELECT row.* FROM row, clock WHERE seen <= asked),
line AS (SELECT *, quantity * price AS net FROM past WHERE quantity > 0),
given_back AS (SELECT *, -quantity * price AS amount FROM past WHERE quantity < 0 AND starts_with(invoice, 'C')),
-- Credit notes have numbers of their own: nothing is given back of an order.
bought AS (
    SELECT customer, invoice, min(seen) AS since, sum(net) AS net FROM line GROUP BY customer, invoice
)
