import { watch } from 'node:fs';
import { join } from 'node:path';
import { SERVICES, type ServiceName } from './services.ts';

/** Editors write a file in several steps, and a branch change touches many: one restart for all of it. */
const DEBOUNCE_MS = 200;

/** The services that run a source file, given by its path from the repository's root: its own, or all for a library's. */
export function servicesOf(file: string): readonly ServiceName[] {
  if (!/\.(ts|js|proto|json)$/.test(file) || /\.test\.ts$|(^|\/)(node_modules|dist|test)\//.test(file))
    return [];
  const [top, folder] = file.split('/');
  if (top === 'libs' || top === 'protos') return SERVICES;
  return top === 'services' ? SERVICES.filter((name) => name === folder) : [];
}

export interface WatchOptions {
  root: string;
  /** Called with the services to restart; the next call waits until this one is done. */
  onChange(services: readonly ServiceName[]): Promise<void>;
}

/** Watches the sources until it is told to stop. */
export function watchSources({ root, onChange }: WatchOptions): () => void {
  const changed = new Set<ServiceName>();
  let timer: NodeJS.Timeout | undefined;
  let busy: Promise<void> = Promise.resolve();
  const flush = () => {
    busy = busy.then(async () => {
      const services = SERVICES.filter((name) => changed.delete(name));
      if (services.length > 0) await onChange(services);
    });
  };
  const watchers = ['libs', 'services', 'protos'].map((top) =>
    watch(join(root, top), { recursive: true }, (_event, name) => {
      if (name === null) return;
      for (const service of servicesOf(`${top}/${name}`)) changed.add(service);
      clearTimeout(timer);
      timer = setTimeout(flush, DEBOUNCE_MS);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
