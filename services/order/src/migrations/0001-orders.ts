import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Orders, their lines, and the products with their stock. */
export const orders: Migration = {
  up: async (db) => {
    await sql`
      CREATE TABLE orders (
        id uuid PRIMARY KEY, tenant text NOT NULL, customer_id text NOT NULL,
        status text NOT NULL, status_reason text NOT NULL, cancel_requested boolean NOT NULL,
        currency text NOT NULL, total_minor bigint NOT NULL CHECK (total_minor >= 0),
        sequence bigint NOT NULL CHECK (sequence >= 1),
        payment_id uuid NOT NULL UNIQUE,
        payment_status text, payment_sequence bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
      )`.execute(db);
    // Ids are UUIDv7, so that descending ids are the newest first.
    await sql`CREATE INDEX orders_by_tenant ON orders (tenant, id)`.execute(db);
    await sql`CREATE INDEX orders_by_customer ON orders (tenant, customer_id, id)`.execute(db);
    await sql`
      CREATE TABLE order_lines (
        order_id uuid NOT NULL REFERENCES orders, line integer NOT NULL,
        sku text NOT NULL, quantity integer NOT NULL CHECK (quantity > 0),
        unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
        PRIMARY KEY (order_id, line)
      )`.execute(db);
    await sql`
      CREATE TABLE products (
        tenant text NOT NULL, sku text NOT NULL, description text NOT NULL, currency text NOT NULL,
        unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
        on_hand bigint NOT NULL, reserved bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (tenant, sku), CHECK (0 <= reserved AND reserved <= on_hand)
      )`.execute(db);
  },
};
