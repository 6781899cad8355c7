/** Service definitions and message codecs, for programs that serve or speak the raw wire. Loads grpc-js. */
export * as agentpb from "../gen/agentpb/agent.ts";
export * as ghostapi from "../gen/ghostapi/ghost.ts";
export * as host from "../gen/ghost/host/v1/host.ts";
