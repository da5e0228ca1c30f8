-- Which assets have ever named an owner in their state, by owner: what somebody answered for at any time is found without a
-- look at all states. When they did is told by the states themselves. Owners named by edges are found by the edges.

CREATE TABLE asset_owner (
    owner_id  integer NOT NULL,
    asset_id  integer NOT NULL,
    PRIMARY KEY (owner_id, asset_id)
);

-- The body is canonical JSON: the members of a state come in order, so this is its list of owners or none of it; URIs are ASCII
-- without quotes and brackets. Owners that nothing else has named are not known to stores of before.
INSERT INTO asset_owner (owner_id, asset_id)
SELECT DISTINCT o.id, f.asset_id
FROM content c
JOIN asset_fact f ON f.content_id = c.id
CROSS JOIN LATERAL unnest(string_to_array(substring(c.body FROM '"owners":\["([^]]*)"\]'), '","')) AS named(uri)
JOIN asset o ON o.uri = named.uri
WHERE c.body LIKE '%"owners":["%';
