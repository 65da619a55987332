import { expect, test } from "vitest";
import { ApiError, fieldErrors, unreachable } from "./problem";
import type { Problem } from "./types";

function refusal(problem: Partial<Problem>): ApiError {
  return new ApiError({
    type: "urn:spillway:problem:x",
    title: "",
    status: 422,
    detail: "",
    code: "VALIDATION_FAILED",
    ...problem,
  });
}

test("errors stand at the fields they are about", () => {
  const error = refusal({
    errors: [
      { field: "username", code: "TOO_SHORT" },
      { field: "email", code: "INVALID" },
    ],
  });
  expect(fieldErrors(error, ["username", "email"])).toEqual({
    username: "This is too short.",
    email: "This is not of the right form.",
  });
});

test("a code that names a field stands at it", () => {
  expect(fieldErrors(refusal({ status: 409, code: "EMAIL_TAKEN" }), ["username", "email"])).toEqual({
    email: "This address already has an account.",
  });
});

test("what belongs to no field of the form is said above it", () => {
  expect(fieldErrors(refusal({ errors: [{ field: "settings.delaySeconds", code: "INVALID" }] }), ["title"])).toEqual({
    form: "Some fields need another look.",
  });
  expect(fieldErrors(unreachable(), ["title"])["form"]).toContain("cannot be reached");
});
