import { existsSync } from 'node:fs';
import tseslint from 'typescript-eslint';
import { boundaries } from './eslint.boundaries.config.ts';

/** The bench installs its peers when it needs them; without their types they cannot be looked at. */
const hasPeers = existsSync(new URL('bench/peers/gen', import.meta.url));

export default tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', '.millrace/', 'coverage/', 'libs/contracts/gen/'] },
  { ignores: [hasPeers ? 'bench/peers/gen/' : 'bench/peers/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', ...(hasPeers ? ['./bench/peers/tsconfig.json'] : [])],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // The compiler already says so.
      '@typescript-eslint/no-unused-vars': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['{libs,services,tools,bench}/**/*.ts'],
    ignores: ['**/*.test.ts', '**/test/**'],
    rules: {
      'max-lines': ['error', 250],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
    },
  },
  ...boundaries,
);
