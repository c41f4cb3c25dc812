import { clone, create, fromJson, getOption, isMessage, merge } from '@bufbuild/protobuf';
import type { DescService, JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import { method as methodPolicy, MethodPolicySchema } from '../gen/millrace/policy/v1/policy_pb.js';
import type { MethodPolicy } from '../gen/millrace/policy/v1/policy_pb.js';
import type { Method, Service } from './method.ts';
import { readPolicy, type Policy } from './policy.ts';
import { describeService } from './service.ts';

/**
 * What is said of methods beside their protos, in the proto's own words (`{ deadlineMs: 500, retry: { maxRetries: 0 } }`). The key is
 * a method, `shop.order.v1.OrderService/GetOrder`, or a service, for all its methods; the method's own counts more.
 */
export type PolicyOverrides = Readonly<Record<string, MessageInitShape<typeof MethodPolicySchema>>>;

/** The policies that hold in a process. */
export interface PolicyTable {
  /** The method with its effective policy. One that the table does not know comes back as it is. */
  effective(method: Method): Method;
  /** The service with its methods' effective policies. */
  applyTo(service: Service): Service;
  /** Every known method's policy by its name, for people. */
  print(): Readonly<Record<string, Policy>>;
}

/**
 * The policies of these services' protos, with some of it said anew. Throws an Error that names what is unknown, because a misspelt
 * override would otherwise be none.
 */
export function createPolicyTable(
  services: readonly DescService[],
  overrides: PolicyOverrides = {},
): PolicyTable {
  const methods = services.flatMap((service) => Object.values(describeService(service).methods));
  const names = new Set(methods.flatMap(({ service, path }) => [service, path.slice(1)]));
  for (const name of Object.keys(overrides)) {
    if (!names.has(name)) throw new Error(`policies: there is no method or service ${name}`);
  }
  const effective = new Map(
    methods.map((method) => [
      method.path,
      overridden(method, [overrides[method.service], overrides[method.path.slice(1)]]),
    ]),
  );
  const find = (method: Method): Method => effective.get(method.path) ?? method;
  return {
    effective: find,
    applyTo: (service) => {
      const entries = Object.entries(service.methods).map(([name, method]) => [name, find(method)] as const);
      return Object.freeze({ ...service, methods: Object.freeze(Object.fromEntries(entries)) });
    },
    print: () => Object.fromEntries([...effective].map(([path, { policy }]) => [path.slice(1), policy])),
  };
}

/** Reads overrides from JSON text, as a setting holds them. Throws an Error that names the wrong field. */
export function parsePolicies(text: string): PolicyOverrides {
  const parsed = JSON.parse(text) as unknown;
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error('policies: expected an object of policies by method');
  }
  const entries = Object.entries(parsed as JsonObject).map(([name, policy]) => {
    try {
      return [name, fromJson(MethodPolicySchema, policy)] as const;
    } catch (error) {
      throw new Error(`policies: ${name}: ${(error as Error).message}`, { cause: error });
    }
  });
  return Object.fromEntries(entries);
}

function overridden(method: Method, layers: readonly (PolicyOverrides[string] | undefined)[]): Method {
  const given = layers.filter((layer) => layer !== undefined);
  if (given.length === 0) return method;
  const option = clone(MethodPolicySchema, getOption(method.descriptor, methodPolicy));
  for (const layer of given) {
    const patch: MethodPolicy = isMessage(layer, MethodPolicySchema)
      ? layer
      : create(MethodPolicySchema, layer);
    // To merge lists is to append, and a role that was taken out has to be out.
    if (patch.roles.length > 0) option.roles = [];
    merge(MethodPolicySchema, option, patch);
  }
  return Object.freeze({ ...method, policy: readPolicy(method.descriptor, option) });
}
