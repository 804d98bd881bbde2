"""The service: a release over HTTP. http -> endpoints -> serving -> api, auth, telemetry."""
