import createClient from "openapi-fetch";
import type { paths } from "./schema";

/** Calls as nobody, whoever is signed in. */
export const anonymous = createClient<paths>({ baseUrl: location.origin });
