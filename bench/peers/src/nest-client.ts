import 'reflect-metadata';
import { ClientProxyFactory, type ClientGrpc } from '@nestjs/microservices';
import { firstValueFrom, retry, timeout, type Observable } from 'rxjs';
import type { OpenTraffic } from '../../src/sides/traffic.ts';
import { createOrders, TIMEOUT_MS } from './messages.ts';
import { grpcOptions } from './nest-options.ts';

/** As NestJS's users declare it. */
interface Orders {
  placeOrder(request: object): Observable<unknown>;
}

/** NestJS's gRPC client with rxjs's timeout and retry, and OpenTelemetry's instrumentation of grpc-js. */
export const openTraffic: OpenTraffic = async (port) => {
  const client = ClientProxyFactory.create(grpcOptions(`127.0.0.1:${port}`)) as unknown as ClientGrpc;
  const orders = client.getService<Orders>('OrderService');
  const nextOrder = createOrders('4999', (order) => order);
  return {
    unary: (done) => {
      const reply = orders.placeOrder(nextOrder()).pipe(timeout(TIMEOUT_MS), retry(1));
      firstValueFrom(reply).then(() => done(undefined), done);
    },
  };
};
