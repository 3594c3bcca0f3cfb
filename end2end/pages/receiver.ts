import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { expect } from "../fixtures/test";

export interface Message {
  type: string;
  data: { message: string };
}

interface Received {
  headers: Record<string, string>;
  body: string;
}

/** What receives webhooks on this machine, and checks them with the official library. */
export class Receiver {
  private readonly received: Received[] = [];
  private taken = 0;

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async start(): Promise<Receiver> {
    let receiver: Receiver | undefined;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
        receiver?.received.push({ headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    receiver = new Receiver(`http://127.0.0.1:${port}/hooks`, server);
    return receiver;
  }

  /** Waits for the next message, which whoever holds any of these secrets has to believe. */
  async next(...secrets: string[]): Promise<Message> {
    await expect.poll(() => this.received.length, { timeout: 15_000 }).toBeGreaterThan(this.taken);
    const { headers, body } = this.received[this.taken] as Received;
    this.taken += 1;
    for (const secret of secrets) {
      expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
    }
    return JSON.parse(body) as Message;
  }

  async stop(): Promise<void> {
    await new Promise((done) => this.server.close(done));
  }
}
