/** For tests: the rig that interceptors are tested on, and a clock that stands still. */
export {
  createTestAuthority,
  type CertificateOptions,
  type IssuedCertificate,
  type TestAuthority,
} from './testing/certificates.ts';
export { createClock, type Clock } from './testing/clock.ts';
export { echo } from './testing/echo.ts';
export { createRig, type Rig, type RigOptions } from './testing/rig.ts';
export {
  frame,
  openRawConnection,
  rawCall,
  type RawAnswer,
  type RawCall,
  type RawConnection,
} from './testing/raw-call.ts';
export { createTlsFolder, type TlsFolder } from './testing/tls-folder.ts';
export { createMuteProxy, type MuteProxy } from './testing/mute-proxy.ts';
export { createRelay, type Relay } from './testing/relay.ts';
export { createRawChannelTransport, startRawChannelServer } from './testing/raw-channel.ts';
