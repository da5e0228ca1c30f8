import { getAs } from './client';
import { ApiError } from './problem';
import { setWatermark } from './watermark';

/** What `/readyz` and each `watermark` event say; the lag is absent where there is none. */
interface Progress {
  readonly watermark: number;
  readonly lag_s?: number;
}

/** `unready`: why the server is not ready, in its own words. */
type Update = Progress | { readonly unready: string } | 'lost';

const CHANNEL = 'mlgraph-watermark';
const LOCK = 'mlgraph-stream';
const STREAM = '/api/v1/stream?topics=watermark';
const POLL_MS = 1_000;
/** A tab that received nothing for this long asks by itself: the tab that streams may be frozen. */
const SILENCE_MS = 10_000;
/** How long after a refused stream it is tried again. */
const AGAIN_MS = 30_000;

/**
 * Keeps the watermark current, until the returned function is called.
 *
 * One connection a browser: the tab that holds the lock reads the server's events and tells the other tabs. Without such events (an
 * older server, a proxy that holds them back) it asks `/readyz` every second instead.
 */
export function followWatermark(): () => void {
  const follower = new Follower();
  follower.start();
  return () => follower.stop();
}

const isProgress = (update: Update | null): update is Progress => update !== null && update !== 'lost' && 'watermark' in update;

class Follower {
  private readonly ended = new AbortController();
  private readonly channel = new BroadcastChannel(CHANNEL);
  private updatedAt = 0;
  private last: Update | null = null;
  private leading = false;

  start(): void {
    this.channel.onmessage = ({ data }: MessageEvent<Update | 'hello'>) => {
      if (data !== 'hello') this.apply(data);
      else if (this.leading && this.last !== null) this.channel.postMessage(this.last);
    };
    this.channel.postMessage('hello');
    void this.ask();
    this.every(POLL_MS, () => this.breakSilence());
    const lead = () => this.lead();
    // Locks exist on https and on this machine only; elsewhere every tab asks for itself, because connections are few.
    if (navigator.locks) navigator.locks.request(LOCK, { signal: this.ended.signal }, lead).catch(() => undefined);
    else this.every(POLL_MS, () => void this.ask());
  }

  stop(): void {
    this.ended.abort();
    this.channel.close();
  }

  private get stopped(): boolean {
    return this.ended.signal.aborted;
  }

  private apply(update: Update): void {
    this.updatedAt = Date.now();
    this.last = update;
    setWatermark(update === 'lost' || 'unready' in update ? update : { watermark: update.watermark, lag_s: update.lag_s ?? 0 });
  }

  private publish(update: Update): void {
    if (this.stopped) return;
    this.apply(update);
    this.channel.postMessage(update);
  }

  private async ask(): Promise<void> {
    try {
      this.publish(await getAs<Progress>('/readyz', {}, { signal: this.ended.signal }));
    } catch (error) {
      this.publish(error instanceof ApiError && error.status === 503 ? { unready: error.detail } : 'lost');
    }
  }

  private breakSilence(): void {
    if (!this.leading && document.visibilityState === 'visible' && Date.now() - this.updatedAt > SILENCE_MS) void this.ask();
  }

  /** Streams for all tabs as long as this tab lives. */
  private async lead(): Promise<void> {
    this.leading = true;
    while (!this.stopped) await this.streamOnce();
  }

  /** Reads one stream until the server refuses it; asks every second whenever it is not open. */
  private streamOnce(): Promise<void> {
    return new Promise((resolve) => {
      const events = new EventSource(STREAM);
      const heartbeat = setInterval(() => {
        // A refusal may arrive after the first event of the stream, which then says nothing more until the next write.
        if (events.readyState !== EventSource.OPEN || !isProgress(this.last)) void this.ask();
        else this.channel.postMessage(this.last);
      }, POLL_MS);
      const end = () => {
        clearInterval(heartbeat);
        events.close();
        resolve();
      };
      events.addEventListener('watermark', ({ data }: MessageEvent<string>) => this.publish(JSON.parse(data) as Progress));
      events.onerror = () => {
        void this.ask();
        if (events.readyState === EventSource.CLOSED) setTimeout(end, AGAIN_MS);
      };
      this.ended.signal.addEventListener('abort', end);
    });
  }

  private every(milliseconds: number, act: () => void): void {
    const timer = setInterval(act, milliseconds);
    this.ended.signal.addEventListener('abort', () => clearInterval(timer));
  }
}
