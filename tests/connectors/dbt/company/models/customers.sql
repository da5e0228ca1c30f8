-- One row a customer; range() stands for a source of numbers that is no table.
select
    n.range as customer_id,
    count(o.order_id) as orders,
    coalesce(sum(o.amount), 0) as spent
from range(1, 4) as n
left join {{ ref('orders') }} as o on o.customer_id = n.range
group by 1
