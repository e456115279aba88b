WITH monthly AS (
    SELECT
        date_trunc('month', o.placed) AS month,
        c.region,
        count(DISTINCT o.id) AS orders,
        sum(i.quantity * i.price) AS revenue,
        avg(i.quantity) FILTER (WHERE i.price > 10) AS quantity
    FROM orders AS o
    JOIN items AS i ON i.order_id = o.id
    JOIN customers AS c ON c.id = o.customer_id
    LEFT JOIN refunds AS r ON r.order_id = o.id AND r.state = 'done'
    WHERE o.placed >= date '2024-01-01'
      AND o.placed < date '2025-01-01'
      AND c.state IN ('active', 'trial', 'paused')
      AND r.id IS NULL
      AND NOT EXISTS (SELECT 1 FROM fraud AS f WHERE f.order_id = o.id AND f.score > 0.8)
    GROUP BY 1, 2
    HAVING count(*) > 5
)
SELECT
    m.month,
    m.region,
    m.revenue,
    m.revenue - lag(m.revenue) OVER (PARTITION BY m.region ORDER BY m.month) AS change,
    round(100 * m.revenue / sum(m.revenue) OVER (PARTITION BY m.month), 2) AS share,
    CASE WHEN m.orders > 1000 THEN 'large' WHEN m.orders > 100 THEN 'medium' ELSE 'small' END AS size,
    rank() OVER (PARTITION BY m.month ORDER BY m.revenue DESC) AS place
FROM monthly AS m
WHERE m.revenue > (SELECT 0.01 * sum(revenue) FROM monthly)
ORDER BY m.month, place
LIMIT 100
