import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Controller, Logger, Module, RequestTimeoutException } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod } from '@nestjs/microservices';
import { catchError, tap, throwError, timeout, TimeoutError, type Observable } from 'rxjs';
import type { StartServer } from '../../src/sides/traffic.ts';
import { createPlaced, TIMEOUT_MS } from './messages.ts';
import { grpcOptions } from './nest-options.ts';

const placed = createPlaced('ORDER_STATUS_CONFIRMED', '5');

class OrderController {
  placeOrder(): object {
    return placed;
  }
}

/** The logging interceptor of NestJS's manual; nobody listens at its level. */
class LoggingInterceptor implements NestInterceptor {
  readonly #logger = new Logger('calls');

  intercept(call: ExecutionContext, next: CallHandler): Observable<unknown> {
    const startMs = Date.now();
    return next
      .handle()
      .pipe(tap(() => this.#logger.debug(`${call.getHandler().name} took ${Date.now() - startMs} ms`)));
  }
}

/** The timeout interceptor of NestJS's manual. */
class TimeoutInterceptor implements NestInterceptor {
  intercept(_call: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      timeout(TIMEOUT_MS),
      catchError((error: unknown) =>
        throwError(() => (error instanceof TimeoutError ? new RequestTimeoutException() : error)),
      ),
    );
  }
}

class AppModule {}

/** What decorators would do; Node strips types, not those. */
function decorate(): void {
  const { prototype } = OrderController;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'placeOrder') as PropertyDescriptor;
  GrpcMethod('OrderService', 'PlaceOrder')(prototype, 'placeOrder', descriptor);
  Controller()(OrderController);
  Module({ controllers: [OrderController] })(AppModule);
}

/** NestJS takes a port and does not say which one it got. */
async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** NestJS's gRPC server with the interceptors of its manual, and OpenTelemetry's instrumentation of grpc-js. */
export const startServer: StartServer = async () => {
  decorate();
  const port = await findPort();
  const app = await NestFactory.createMicroservice(AppModule, {
    ...grpcOptions(`127.0.0.1:${port}`),
    logger: ['error', 'warn'],
  });
  app.useGlobalInterceptors(new LoggingInterceptor(), new TimeoutInterceptor());
  await app.listen();
  return port;
};
