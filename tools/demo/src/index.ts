/** What end-to-end tests and chaos runs share with the demo: clients that note what they saw, and the invariants. */
export { openBooks, type Books, type OpenBooks } from './books/books.ts';
export { INVARIANTS } from './books/invariants.ts';
export { readFindings, type Verdict } from './books/read-findings.ts';
export { untilAtRest } from './books/until-at-rest.ts';
export { createHttpClient } from './load/http-client.ts';
export { createObservations, type Observations } from './load/observations.ts';
export { createOrderSender, type OrderSender } from './load/order-sender.ts';
export { planOrders, type PlannedOrder } from './load/plan-orders.ts';
export { createStreamClient } from './load/stream-client.ts';
export { takeOrders } from './load/take-orders.ts';
