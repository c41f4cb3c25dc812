/** Fails when a method of the contract says too little about how it may be treated, or what cannot be meant. */
import { allServices } from './all-services.ts';
import { policyFaults } from './policy-faults.ts';

/** What the kit's own tests call declares too little on purpose. */
const FOR_TESTS = 'millrace.test.';

const services = (await allServices()).filter(({ typeName }) => !typeName.startsWith(FOR_TESTS));
const faults = services.flatMap(({ methods }) => methods.flatMap(policyFaults));
for (const fault of faults) console.log(fault);
if (services.length === 0) console.log('no services found');
process.exitCode = faults.length > 0 || services.length === 0 ? 1 : 0;
