"""The GraphQL interface at `/graphql` (docs/graphql.md)."""
