// The image's HEALTHCHECK: asks the service's own /readyz and says why when the answer is no.
const response = await fetch(`http://127.0.0.1:${process.env.OPS_PORT}/readyz`).catch((error) => ({
  ok: false,
  text: () => Promise.resolve(`no answer: ${error.cause?.code ?? error.message}`),
}));
if (!response.ok) {
  console.log(await response.text());
  process.exit(1);
}
