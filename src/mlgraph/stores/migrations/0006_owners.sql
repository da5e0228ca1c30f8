-- Assets whose state names an owner, now or in the past, by owner: the assets of an owner are found without a scan of all
-- states. The validity intervals are those of the states. Owners that edges name are found by the edges.

CREATE TABLE asset_owner (
    owner_id  integer NOT NULL,
    asset_id  integer NOT NULL,
    PRIMARY KEY (owner_id, asset_id)
);

-- The body is canonical JSON with sorted members, so the first match is the list of owners of the state if it has one; URIs are
-- ASCII without quotes and brackets. Owners without another fact have no number in stores of earlier versions and are skipped.
INSERT INTO asset_owner (owner_id, asset_id)
SELECT DISTINCT o.id, f.asset_id
FROM content c
JOIN asset_fact f ON f.content_id = c.id
CROSS JOIN LATERAL unnest(string_to_array(substring(c.body FROM '"owners":\["([^]]*)"\]'), '","')) AS named(uri)
JOIN asset o ON o.uri = named.uri
WHERE c.body LIKE '%"owners":["%';
