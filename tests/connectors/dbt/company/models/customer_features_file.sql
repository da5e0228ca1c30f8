{{ config(materialized='external', location=env_var('SHOP_LAKE', 'lake') ~ '/customer_features.parquet') }}
select
    customer_id,
    orders as order_count,
    cast(spent as double) as total_spent,
    cast('2026-03-02' as timestamp) as event_timestamp
from {{ ref('customers') }}
