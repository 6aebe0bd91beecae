/** The text search configurations that messages can be searched with; all of them are part of PostgreSQL. */
export const SEARCH_LANGUAGES = ["simple", "english", "indonesian"] as const;

/** The workspace's and the channel's own words in the vector below; no text yields a word with `=` in it. */
export const workspaceWord = (workspaceId: string) => `w=${workspaceId}`;
export const channelWord = (channelId: string) => `c=${channelId}`;

/**
 * What the one search index of messages holds: the words of a message in all languages (most are the same in each, so the
 * index is little larger than one of a single language) and, so that a search walks the entries of one tenant only, a word
 * for its workspace and one for its channel. Queries must use this very expression, on a table without an alias.
 */
export const SEARCH_VECTOR = `(${SEARCH_LANGUAGES.map((name) => `to_tsvector('${name}'::regconfig, content)`).join(" || ")} || array_to_tsvector(array['w=' || workspace_id::text, 'c=' || channel_id::text]))`;
