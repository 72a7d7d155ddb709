// The bare outbox pattern on PostgreSQL: a committed row per event, workers that take rows with SKIP LOCKED, POST them and
// delete them in the same transaction. It rests while there is nothing to send, so that whoever has the next turn has the machine.
import { EventEmitter, once } from 'node:events';
import pg from 'pg';
import { undiciTo } from './post.mjs';

export async function begin({ url, batch, connection }, { textOf, signed }) {
  const lanes = batch === 1 ? 32 : 8;
  const table = `outbox_${batch}`;
  const pool = new pg.Pool({ ...connection, max: lanes + 8 });
  await pool.query(`DROP TABLE IF EXISTS ${table}`);
  await pool.query(`CREATE TABLE ${table} (id bigserial PRIMARY KEY, body text NOT NULL)`);
  const client = undiciTo(url, lanes);
  const turn = new EventEmitter().setMaxListeners(lanes);
  let isEnding = false;
  let left = 0;

  async function lane() {
    const db = await pool.connect();
    while (!isEnding) {
      await db.query('BEGIN');
      const { rows } = await db.query(`SELECT id, body FROM ${table} ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`, [
        batch,
      ]);
      if (rows.length > 0) {
        const body = batch === 1 ? rows[0].body : `[${rows.map((row) => row.body).join(',')}]`;
        await client.post(body, signed(body));
        await db.query(`DELETE FROM ${table} WHERE id = ANY($1)`, [rows.map(({ id }) => id)]);
      }
      await db.query('COMMIT');
      left -= rows.length;
      if (left === 0 && !isEnding) await once(turn, 'begins');
      else if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    db.release();
  }
  const working = Array.from({ length: lanes }, lane);

  return {
    async run(count, from) {
      left = count;
      turn.emit('begins');
      // As a busy server writes them: many at a time, several in one statement.
      const size = 100;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let n = writer * size; n < count; n += 8 * size) {
          const texts = Array.from({ length: Math.min(size, count - n) }, (_, m) => textOf(from + n + m));
          await pool.query(`INSERT INTO ${table} (body) SELECT unnest($1::text[])`, [texts]);
        }
      });
      await Promise.all(writers);
    },
    async end() {
      isEnding = true;
      turn.emit('begins');
      await Promise.all(working);
      await pool.end();
      await client.close();
    },
  };
}
