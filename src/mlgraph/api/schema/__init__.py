"""OpenAPI: operations, parameters, the page of documentation."""
