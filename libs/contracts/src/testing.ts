/** What the kit's own tests call and check; apart from the contract, so that nothing ships with it. */
export * from '../gen/millrace/test/v1/echo_service_pb.js';
export * from '../gen/millrace/test/v1/rules_pb.js';
export * from '../gen/millrace/test/v1/every_kind_pb.js';
export * from '../gen/millrace/test/v1/legacy_kinds_pb.js';
