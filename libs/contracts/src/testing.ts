/** The service that the kit's own tests call; apart from the contract, so that nothing ships with it. */
export * from '../gen/millrace/test/v1/echo_service_pb.js';
