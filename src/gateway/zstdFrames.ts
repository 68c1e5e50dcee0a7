import { Transform, type TransformCallback } from 'node:stream';
import { constants, createZstdDecompress, type ZstdDecompress } from 'node:zlib';

/**
 * Decodes zstd of several frames, one behind the other, which Node's decoder ends before where they meet in a chunk.
 * Source: RFC 8878 §3.
 */
export class ZstdFrames extends Transform {
  #frame: ZstdDecompress = this.#begin();
  /** The bytes that it was given. */
  #given = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const frame = this.#frame;
    this.#given += chunk.length;
    frame.write(chunk, (error) => {
      if (error) return;
      const left = this.#given - frame.bytesWritten;
      if (left === 0) {
        done();
        return;
      }
      const goOn = (): void => {
        if (this.destroyed) return;
        frame.destroy();
        this.#frame = this.#begin();
        this.#given = 0;
        this._transform(chunk.subarray(-left), _encoding, done);
      };
      if (frame.readableEnded) goOn();
      else frame.once('end', goOn);
    });
  }

  override _flush(done: TransformCallback): void {
    this.#frame.once('end', done).end();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#frame.destroy();
    done(error);
  }

  #begin(): ZstdDecompress {
    const frame = createZstdDecompress({ finishFlush: constants.ZSTD_e_flush });
    frame.on('data', (data: Buffer) => this.push(data));
    return frame.on('error', (error) => this.destroy(error));
  }
}
