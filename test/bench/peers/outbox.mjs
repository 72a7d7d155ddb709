// The bare outbox pattern on PostgreSQL: a committed row per event, workers that take rows with SKIP LOCKED, POST them and
// delete them in the same transaction.
import pg from 'pg';
import { undiciTo } from './post.mjs';

export async function begin({ url, batch, connection }, { textOf, signed }) {
  const lanes = batch === 1 ? 32 : 8;
  const pool = new pg.Pool({ ...connection, max: lanes + 8 });
  await pool.query('DROP TABLE IF EXISTS outbox');
  await pool.query('CREATE TABLE outbox (id bigserial PRIMARY KEY, body text NOT NULL)');
  const client = undiciTo(url, lanes);
  let isEnding = false;

  async function lane() {
    const db = await pool.connect();
    while (!isEnding) {
      await db.query('BEGIN');
      const { rows } = await db.query('SELECT id, body FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED', [
        batch,
      ]);
      if (rows.length > 0) {
        const body = batch === 1 ? rows[0].body : `[${rows.map((row) => row.body).join(',')}]`;
        await client.post(body, signed(body));
        await db.query('DELETE FROM outbox WHERE id = ANY($1)', [rows.map(({ id }) => id)]);
      }
      await db.query('COMMIT');
      if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    db.release();
  }
  const working = Array.from({ length: lanes }, lane);

  return {
    async run(count, from) {
      // As a busy server writes them: many at a time, several in one statement.
      const size = 100;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let n = writer * size; n < count; n += 8 * size) {
          const texts = Array.from({ length: Math.min(size, count - n) }, (_, m) => textOf(from + n + m));
          await pool.query('INSERT INTO outbox (body) SELECT unnest($1::text[])', [texts]);
        }
      });
      await Promise.all(writers);
    },
    async end() {
      isEnding = true;
      await Promise.all(working);
      await pool.end();
      await client.close();
    },
  };
}
