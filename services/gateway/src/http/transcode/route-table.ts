import type { Service } from '@millrace/contracts';
import { routesOf, type Route } from './route.ts';

/** Where a request goes: to a route, nowhere with this method (405), or nowhere at all (404). */
export type Resolution =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly route: undefined; readonly allow: readonly string[] };

/** Every route of the registered services. */
export interface RouteTable {
  readonly routes: readonly Route[];
  /** `path` is as it came, still percent-encoded. Throws URIError when that encoding is broken. */
  resolve(verb: string, path: string): Resolution;
}

function refuseTwins(routes: readonly Route[]): void {
  const seen = new Map<string, Route>();
  for (const route of routes) {
    const place = `${route.verb} ${route.template.text.replaceAll(/\{[^}=]*(=[^}]*)?\}/g, '{$1}')}`;
    const twin = seen.get(place);
    if (twin) throw new Error(`${place} leads to both ${twin.method.path} and ${route.method.path}`);
    seen.set(place, route);
  }
}

/** A GET answers HEAD as well: HTTP asks for it, and leaves the body out by itself. */
const answers = (route: Route, verb: string): boolean =>
  route.verb === verb || (verb === 'HEAD' && route.verb === 'GET' && route.method.kind === 'unary');

/** The most exact route wins; `/v1/orders/7:cancel` is never read as an order named `7:cancel`. */
export function createRouteTable(services: readonly Service[]): RouteTable {
  const routes = services
    .flatMap(({ methods }) => Object.values(methods).flatMap(routesOf))
    .toSorted((a, b) => (a.template.rank < b.template.rank ? -1 : 1));
  refuseTwins(routes);
  return {
    routes,
    resolve(verb, path) {
      const all = routes.flatMap((route) => {
        const params = route.template.match(path);
        return params ? [{ route, params }] : [];
      });
      const named = all.filter(({ route }) => route.template.hasVerb);
      const matches = named.length > 0 ? named : all;
      const found = matches.find(({ route }) => answers(route, verb));
      return found ?? { route: undefined, allow: [...new Set(matches.map(({ route }) => route.verb))] };
    },
  };
}
