"""HTTP: routes, limits, errors and the page that documents them. No rule of the graph lives here."""
