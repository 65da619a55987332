/** The shapes of the API and of the room's frames, by name. They are generated from Rust: see README.md. */

import type { components, paths } from "./schema";

type Schemas = components["schemas"];

export type Code = Schemas["Code"];
export type FieldCode = Schemas["FieldCode"];
export type Problem = Schemas["Problem"];

export type Me = Schemas["Me"];
export type Session = Schemas["Session"];

export type Stream = Schemas["Stream"];
export type StreamStatus = Schemas["StreamStatus"];
export type StreamQuery = NonNullable<paths["/api/v1/streams"]["get"]["parameters"]["query"]>;
export type CreateStream = Schemas["CreateStream"];
export type StartReply = Schemas["StartReply"];
export type JoinReply = Schemas["JoinReply"];
export type JoinRefusal = Schemas["JoinRefusal"];

export type ClientFrame = Schemas["ClientFrame"];
export type ServerFrame = Schemas["ServerFrame"];
export type Welcome = Schemas["Welcome"];
export type You = Schemas["You"];
export type RoomSettings = Schemas["RoomSettings"];
export type ChatMessage = Schemas["ChatMessage"];
export type ErrorEvent = Schemas["ErrorEvent"];
export type PlaylistNews = Schemas["PlaylistNews"];
