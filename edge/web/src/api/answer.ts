import { ApiError, unreachable } from "./problem";
import type { Problem } from "./types";

interface Reply<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** A call's answer, or an `ApiError`. */
export async function answer<T>(call: Promise<Reply<T>>): Promise<T> {
  const reply = await call.catch(() => {
    throw unreachable();
  });
  if (reply.response.ok) return reply.data as T;
  throw isProblem(reply.error) ? new ApiError(reply.error) : unreachable(reply.response.status);
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "status" in value;
}
