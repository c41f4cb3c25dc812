import { join } from 'node:path';
import { count } from './books/finding.ts';
import { importOrders, registerProducts, type Imported } from './csv/import-orders.ts';
import { readCatalogue } from './csv/invoices.ts';
import { readRows } from './csv/read-rows.ts';
import { createRemarks } from './csv/remarks.ts';
import type { Source } from './demo.ts';
import { planOrders } from './load/plan-orders.ts';
import { takeOrders } from './load/take-orders.ts';
import { DEMO_DIR } from './scratch.ts';
import { formatImport } from './show/import-report.ts';

/** Orders made up from a seed, half by HTTP and half on a gRPC stream. */
export function plannedSource(orders: number, seed: number): Source {
  const plan = planOrders(orders, seed);
  return {
    title: `Taking ${count(orders)} orders, half by HTTP and half on a gRPC stream`,
    again: `make demo ORDERS=${orders} SEED=${seed}`,
    total: orders,
    send: ({ http, stream, ...means }) => takeOrders(plan, { clients: { http, stream }, ...means }),
  };
}

/** The order lines of a file. Reads it once before anything is started. Throws OrderFileError. */
export async function fileSource(file: string): Promise<Source> {
  const catalogue = await readCatalogue(readRows(file));
  const reportFile = join(DEMO_DIR, 'import-report.txt');
  const remarks = await createRemarks(reportFile);
  let imported: Imported | undefined;
  return {
    title: `Replaying ${count(catalogue.usable)} invoices on a gRPC stream`,
    again: `make demo FILE=${file}`,
    total: catalogue.usable,
    async send({ stream, sender, concurrency, onDone }) {
      const options = { file, catalogue, client: stream, sender, remarks, concurrency, onDone };
      await registerProducts(options);
      imported = await importOrders(options);
      await remarks.close();
      return [];
    },
    report: () =>
      imported === undefined
        ? ''
        : `${formatImport(imported, catalogue, remarks)}\n  every remark: ${reportFile}`,
  };
}
