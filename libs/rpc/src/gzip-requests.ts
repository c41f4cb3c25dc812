import { compressionAlgorithms, Metadata, type ChannelOptions } from '@grpc/grpc-js';

/** gRPC's flag of a message that goes as it is, as grpc-js reads it. */
const NO_COMPRESS = 2;

/** A channel compresses all its messages or none; it is told to, and each call says of its messages which are not. */
export const GZIP_OPTIONS: ChannelOptions = {
  'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
};

/** What is sent along with a message to grpc-js: longer ones than so many bytes are compressed. */
export function flagsOf(message: Uint8Array, aboveBytes: number): number {
  return message.byteLength > aboveBytes ? 0 : NO_COMPRESS;
}

/**
 * Headers of a call that compresses nothing. The channel would announce gzip on every call, and servers that cannot read it refuse calls for
 * the announcement alone.
 */
export class PlainMetadata extends Metadata {
  override set(key: string, value: string | Buffer): void {
    if (key !== 'grpc-encoding') super.set(key, value);
  }

  override clone(): PlainMetadata {
    const copy = new PlainMetadata(this.getOptions());
    copy.merge(this);
    return copy;
  }
}
