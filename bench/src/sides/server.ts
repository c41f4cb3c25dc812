// A server process of the bench: `bare` or `full`.
import { answer } from '../answer.ts';

const start =
  process.argv[2] === 'bare'
    ? (await import('./bare-server.ts')).startBareServer
    : (await import('./full-server.ts')).startFullServer;
const port = await start();
answer({ port: () => port, cpu: () => process.cpuUsage() });
