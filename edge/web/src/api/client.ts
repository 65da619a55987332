import createClient from "openapi-fetch";
import type { paths } from "./schema";
import { session } from "./session";

/** Sends the signed-in person's token; renews it once when it is refused, then goes on as nobody. */
async function asSignedIn(request: Request): Promise<Response> {
  const token = await session.token();
  if (token === null) return fetch(request);
  const response = await fetch(bearing(token, request.clone()));
  if (response.status !== 401) return response;
  const renewed = await session.renew(token);
  return fetch(renewed === null ? request : bearing(renewed, request));
}

function bearing(token: string, request: Request): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

/** Every call but those that sign in and out, which are in `session.ts`. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: asSignedIn });
