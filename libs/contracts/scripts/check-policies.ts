/** Fails when a method of the contract says too little about how it may be treated, or what cannot be meant. */
import { allServices } from './all-services.ts';
import { policyFaults } from './policy-faults.ts';

/** What the kit's own tests call declares too little on purpose; of what the channel carries each call has the policy of its own method. */
const EXEMPT = ['millrace.test.', 'millrace.channel.'];

const services = (await allServices()).filter(
  ({ typeName }) => !EXEMPT.some((prefix) => typeName.startsWith(prefix)),
);
const faults = services.flatMap(({ methods }) => methods.flatMap(policyFaults));
for (const fault of faults) console.log(fault);
if (services.length === 0) console.log('no services found');
process.exitCode = faults.length > 0 || services.length === 0 ? 1 : 0;
