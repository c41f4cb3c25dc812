import { getOption, hasOption, type DescField } from '@bufbuild/protobuf';
import { httpRule, type HttpRule, type Method } from '@millrace/contracts';
import { findField, hasTextForm, type FieldPath } from './field-path.ts';
import { parseTemplate, type PathTemplate } from './path-template.ts';

/** One way to reach an rpc by HTTP. */
export interface Route {
  readonly method: Method;
  /** GET, POST ... */
  readonly verb: string;
  readonly template: PathTemplate;
  /** Fields that the path fills, by the names that the template gives them. */
  readonly pathFields: ReadonlyMap<string, FieldPath>;
  /** What the body fills: the whole message, one field, or nothing. */
  readonly body: DescField | 'message' | undefined;
  /** What of the reply is sent; undefined sends all of it. */
  readonly responseBody: DescField | undefined;
}

function locationOf({ pattern }: HttpRule): { verb: string; path: string } | undefined {
  if (pattern.case === undefined) return undefined;
  if (pattern.case === 'custom') return { verb: pattern.value.kind.toUpperCase(), path: pattern.value.path };
  return { verb: pattern.case.toUpperCase(), path: pattern.value };
}

function compile(method: Method, rule: HttpRule): Route {
  const fail = (problem: string): never => {
    throw new Error(`${method.service}.${method.name}: google.api.http ${problem}`);
  };
  const { verb, path } = locationOf(rule) ?? fail('names no path');
  const template = parseTemplate(path);
  const fieldOf = (name: string): FieldPath => {
    const found = findField(method.request.descriptor, name);
    if (!found || found.at(-1)?.fieldKind === 'list' || !hasTextForm(found.at(-1) ?? found[0]))
      return fail(`fills ${name} from the path, which cannot hold it`);
    return found;
  };
  const only = (message: Method['request'], name: string): DescField =>
    message.descriptor.fields.find((field) => field.name === name) ?? fail(`names an unknown field, ${name}`);
  return {
    method,
    verb,
    template,
    pathFields: new Map(template.variables.map((name) => [name, fieldOf(name)])),
    body: rule.body === '*' ? 'message' : rule.body ? only(method.request, rule.body) : undefined,
    responseBody: rule.responseBody ? only(method.response, rule.responseBody) : undefined,
  };
}

/** Every way to reach a method, as its proto says. Throws when the annotation cannot work. */
export function routesOf(method: Method): Route[] {
  if (!hasOption(method.descriptor, httpRule)) return [];
  if (method.kind === 'clientStream' || method.kind === 'bidi')
    throw new Error(`${method.service}.${method.name}: HTTP/JSON cannot carry a stream of requests`);
  const rule = getOption(method.descriptor, httpRule);
  return [rule, ...rule.additionalBindings].map((binding) => compile(method, binding));
}
