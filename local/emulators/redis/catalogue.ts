/** What a key holds. */
export type Kind = 'string' | 'hash' | 'list' | 'set' | 'zset';

/** Redis' own arity: words of the command, its name included; negative: at least so many. */
export type Command = { arity: number; kind?: Kind };

const ARITIES: Record<Kind | 'any', string> = {
  string:
    'append=3 bitcount=-2 decr=2 decrby=3 get=2 getbit=3 getdel=2 getex=-2 getrange=4 incr=2 incrby=3 incrbyfloat=3 setbit=4 setrange=4 strlen=2',
  hash: 'hdel=-3 hexists=3 hget=3 hgetall=2 hincrby=4 hincrbyfloat=4 hkeys=2 hlen=2 hmget=-3 hmset=-4 hrandfield=-2 hscan=-3 hset=-4 hsetnx=4 hstrlen=3 hvals=2',
  list: 'lindex=3 linsert=5 llen=2 lmove=5 lpop=-2 lpos=-3 lpush=-3 lpushx=-3 lrange=4 lrem=4 lset=4 ltrim=4 rpop=-2 rpoplpush=3 rpush=-3 rpushx=-3',
  set: 'sadd=-3 scard=2 sdiff=-2 sinter=-2 sismember=3 smembers=2 smismember=-3 smove=4 spop=-2 srandmember=-2 srem=-3 sscan=-3 sunion=-2',
  zset: 'zadd=-4 zcard=2 zcount=4 zincrby=4 zmscore=-3 zpopmax=-2 zpopmin=-2 zrange=-4 zrangebyscore=-4 zrank=-3 zrem=-3 zremrangebyrank=4 zremrangebyscore=4 zrevrange=-4 zrevrangebyscore=-4 zrevrank=-3 zscan=-3 zscore=3',
  any: 'dbsize=1 del=-2 echo=2 eval=-3 evalsha=-3 exists=-2 expire=-3 expireat=-3 expiretime=2 flushall=-1 flushdb=-1 keys=2 mget=-2 mset=-3 msetnx=-3 persist=2 pexpire=-3 pexpireat=-3 pexpiretime=2 ping=-1 psetex=4 pttl=2 publish=3 randomkey=1 rename=3 renamenx=3 scan=-2 script=-2 sdiffstore=-3 set=-3 setex=4 setnx=3 sinterstore=-3 sunionstore=-3 time=1 ttl=2 type=2 unlink=-2 zinterstore=-4',
};

/** The commands that this emulator takes, by their lower-case names. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries(ARITIES).flatMap(([kind, list]) =>
    list.split(' ').map((entry): [string, Command] => {
      const [name = '', arity] = entry.split('=');
      return [name, kind === 'any' ? { arity: Number(arity) } : { arity: Number(arity), kind: kind as Kind }];
    }),
  ),
);

export function hasArity({ arity }: Command, words: number): boolean {
  return arity < 0 ? words >= -arity : words === arity;
}
