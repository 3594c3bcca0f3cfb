import type { Server } from "../fixtures/server";

/** How the server's demo organization lets somebody in: it prints a line for each of its people. */
export function demoSignIn(server: Server, role: string): { email: string; password: string } {
  const line = server.log.split("\n").find((text) => text.startsWith("demo sign-in:") && text.includes(role));
  const [, email, password] = /^demo sign-in: (\S+) \/ (\S+)/.exec(line ?? "") ?? [];
  if (!email || !password) throw new Error(`no sign-in for ${role} in:\n${server.log}`);
  return { email, password };
}
