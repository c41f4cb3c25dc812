/**
 * The dependency rule as lint: which folder may import what. A ban is written once, with the sentence a reader sees, and
 * each folder names the bans that hold in it (ESLint keeps only the last configuration of a rule for a file).
 */
import { readdirSync } from 'node:fs';
import type { Linter } from 'eslint';

interface Ban {
  /** Of the import's text. */
  regex: string;
  message: string;
}

const services = readdirSync(new URL('services', import.meta.url));

/** Packages with one home each; everything else reaches them through that home. */
const HOMES: readonly { home: string; ban: Ban }[] = [
  home('libs/rpc', '@grpc/(?!proto-loader)|grpc-health-check', 'gRPC is spoken only by libs/rpc'),
  home('libs/contracts', '@grpc/proto-loader', 'Protos are loaded only by libs/contracts'),
  home('libs/interceptors', 'cockatiel', 'cockatiel stays inside libs/interceptors'),
  home(
    'libs/runtime',
    '@opentelemetry/(?!api$)',
    'The OpenTelemetry SDK is started only by libs/runtime; use @opentelemetry/api',
  ),
  home('libs/runtime', 'pino', 'Loggers are made only by libs/runtime; take its Logger as a parameter'),
  home('libs/durable', 'pg', 'PostgreSQL is spoken only by libs/durable'),
  home('services/gateway', 'fastify|@fastify/', 'HTTP is spoken only by services/gateway'),
  home(
    'bench/peers',
    'nice-grpc(?:-[a-z-]+)?|@connectrpc/|@nestjs/|rxjs|reflect-metadata',
    'What the kit is compared with is known only to bench/peers',
  ),
];

const ENTRY: Ban = {
  regex: '^\\.{1,2}/(.*/)?(main|app)\\.ts$',
  message: 'main -> app -> everything else: nothing below imports the composition root.',
};
const INSIDES: Ban = {
  regex: '^@millrace/[^/]+/(src|dist|gen)(/|$)|^\\.\\./(.*/)?(libs|services|tools|src)/',
  message: 'A package is imported by its name and only through its exports.',
};
const NO_SERVICE: Ban = {
  regex: `^@millrace/(${services.join('|')})(/|$)`,
  message: 'A lib knows no service: services -> libs, never back.',
};
const LAYERS = {
  domain: [
    layer('grpc|http|adapters|use-cases|migrations', 'domain'),
    {
      regex: '^(?!\\.|@jest/globals$|fast-check$)',
      message: 'domain -> nothing: a rule stands on no package.',
    },
  ],
  'use-cases': [
    layer('grpc|http|adapters', 'use-cases -> domain'),
    {
      regex: '^@millrace/interceptors',
      message: 'use-cases -> domain: interceptors are put together in app.ts.',
    },
  ],
  grpc: [layer('adapters', 'grpc and adapters do not know each other; app.ts joins them')],
  http: [layer('adapters', 'http and adapters do not know each other; app.ts joins them')],
  adapters: [layer('grpc|http', 'adapters and grpc or http do not know each other; app.ts joins them')],
} satisfies Record<string, Ban[]>;

/** What a lib may import of the kit. `interceptors -> rpc -> contracts`; durable and runtime stand alone. */
const LIBS: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  rpc: ['contracts'],
  interceptors: ['rpc', 'contracts'],
  durable: [],
  runtime: [],
};

export const boundaries: Linter.Config[] = [
  // The least specific first: for a file, the last one that matches counts.
  zone('{tools,tests}/**', homesOutside('')),
  // Bare grpc-js is the yardstick of the bench.
  zone('bench/**', [...homesOutside('libs/rpc'), INSIDES]),
  // With a package.json of their own.
  zone('bench/peers/**', [
    ...homesOutside('bench/peers', 'libs/rpc', 'libs/runtime'),
    { regex: '^@millrace/', message: 'Peers are measured without the kit.' },
  ]),
  ...Object.entries(LIBS).map(([name, allowed]) =>
    zone(`libs/${name}/**`, [...homesOutside(`libs/${name}`), NO_SERVICE, INSIDES, libOrder(name, allowed)]),
  ),
  // Scripts see the insides of their own package.
  zone('libs/contracts/scripts/**', [
    ...homesOutside('libs/contracts'),
    NO_SERVICE,
    libOrder('contracts', []),
  ]),
  ...services.flatMap((name) => serviceZones(name)),
];

function serviceZones(name: string): Linter.Config[] {
  const others = services.filter((other) => other !== name);
  const always = [
    ...homesOutside(`services/${name}`),
    {
      regex: `^@millrace/(${others.join('|')})(/|$)|/services/|^\\.\\./(.*/)?(${others.join('|')})/(src|test)/`,
      message: 'A service never imports another service: it calls it, by the contract.',
    },
  ];
  return [
    zone(`services/${name}/**`, always),
    zone(`services/${name}/src/**`, [...always, INSIDES]),
    ...Object.entries(LAYERS).map(([folder, bans]) =>
      zone(`services/${name}/src/${folder}/**`, [...always, INSIDES, ENTRY, ...bans]),
    ),
  ];
}

function home(folder: string, packages: string, sentence: string): { home: string; ban: Ban } {
  const regex = packages.replace(/[^|]+/g, (name) =>
    name.endsWith('/') || name.includes('(?!') ? `^${name}` : `^${name}(/|$)`,
  );
  return { home: folder, ban: { regex, message: `${sentence}.` } };
}

function homesOutside(...folders: readonly string[]): Ban[] {
  return HOMES.filter((entry) => !folders.includes(entry.home)).map(({ ban }) => ban);
}

function layer(folders: string, rule: string): Ban {
  return { regex: `^\\.\\./(.*/)?(${folders})(/|$)`, message: `${rule}.` };
}

function libOrder(name: string, allowed: readonly string[]): Ban {
  const others = [...allowed, ...services].join('|');
  const rule = allowed.length > 0 ? `${name} -> ${allowed.join(', ')}` : `${name} -> no other lib`;
  return { regex: `^@millrace/(?!(${others})(/|$))`, message: `interceptors -> rpc -> contracts: ${rule}.` };
}

function zone(folder: string, bans: readonly Ban[]): Linter.Config {
  // `import()` is not seen by no-restricted-imports.
  const dynamic = bans.map(({ regex, message }) => ({
    selector: `ImportExpression[source.value=/${regex.replaceAll('/', '\\u002F')}/]`,
    message,
  }));
  return {
    files: [`${folder}/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: bans.map(({ regex, message }) => ({ regex, message })) },
      ],
      'no-restricted-syntax': ['error', ...dynamic],
    },
  };
}
