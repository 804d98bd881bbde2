// The API page: the Swagger UI that BentoML brings, over the service's own document, without BentoML's
// page around it, which would load a tag manager from the network.
/* global SwaggerUIBundle */
SwaggerUIBundle({ url: "/docs.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
