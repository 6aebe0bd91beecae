/**
 * The limit line of history that comes from Postgres by HTTP: one keyset query through the same door that Kabar's Worker asks, its rows as
 * JSON. No credential, no membership, no authors, no reactions, no blocked users, no rate limit, no hub.
 */
const QUERY = `select id, seq, user_id, content, date_part('epoch', created_at) from messages
  where (channel_id, seq) > ($1, 0) and (channel_id, seq) < ($1, $2) order by channel_id desc, seq desc limit 50`;

export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const answer = await env.DOOR.fetch("http://door/sql", {
      method: "POST",
      headers: {
        "Neon-Connection-String": env.DATABASE_URL,
        "Neon-Raw-Text-Output": "true",
        "Neon-Array-Mode": "true",
      },
      body: JSON.stringify({ query: QUERY, params: [searchParams.get("channel"), searchParams.get("before")] }),
    });
    const { rows } = await answer.json();
    return Response.json({
      messages: rows.map(([id, seq, user_id, content, at]) => ({
        id,
        seq: Number(seq),
        user_id,
        content,
        created_at: new Date(Math.round(at * 1000)).toISOString(),
      })),
    });
  },
};
