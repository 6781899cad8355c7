import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { suite, test } from "node:test";
import type { DiagnosticCode } from "@ghost/schemas";
import { GhostError } from "@ghost/schemas";
import type { Progress } from "../../driver.ts";
import type { DownloadLimits } from "./download.ts";
import { emptyQcow2 } from "./qcow2.ts";
import { ImageStore } from "./store.ts";
import type { Answer, ImageServer } from "./testdata/image-server.ts";
import { file, hangUp, imageServer, inOrder, stalled, status, text, truncated } from "./testdata/image-server.ts";
import type { VendorImage } from "./vendor-images.ts";

const hex = (content: Buffer, algorithm = "sha256"): string => createHash(algorithm).update(content).digest("hex");
/** An image of its own for each number, of some hundred KiB. */
const imageOf = (number: number): Buffer => emptyQcow2((number + 1) * 2 ** 30);
const CONTENT = imageOf(1);
const SHA256 = hex(CONTENT);
const DIGEST = `sha256:${SHA256}`;
const HALF = 100_000;
/** What nobody waits for unless the test is about it. */
const LIMITS: Partial<DownloadLimits> = { attempts: 3, retryMs: 1, stallMs: 20_000, maxRedirects: 3 };

interface Bench {
  readonly dir: string;
  readonly server: ImageServer;
  readonly mirror: ImageServer;
  readonly store: ImageStore;
  readonly source: { url: string; sha256: string };
  readonly open: (limits?: Partial<DownloadLimits>) => ImageStore;
}

/** A store with two servers; `named` is in its catalogue, on both. */
async function bench(t: TestContext, limits: Partial<DownloadLimits> = {}): Promise<Bench> {
  const base = mkdtempSync(join(tmpdir(), "ghost-images-"));
  const dir = join(base, "images");
  const [server, mirror] = await Promise.all([imageServer(), imageServer()]);
  t.after(async () => {
    await Promise.all([server[Symbol.asyncDispose](), mirror[Symbol.asyncDispose]()]);
    rmSync(base, { recursive: true });
  });
  const vendor: VendorImage = { folders: [`${server.url}v/`, `${mirror.url}m/`], fileName: "disk.img", checksumFileName: "SUMS" };
  let clock = 0;
  const open = (more: Partial<DownloadLimits> = {}): ImageStore =>
    new ImageStore({
      dir,
      vendorImages: new Map([["named", vendor]]),
      limits: { ...LIMITS, ...limits, ...more },
      now: () => new Date((clock += 1000)),
    });
  return { dir, server, mirror, store: open(), open, source: { url: `${server.url}disk.img`, sha256: SHA256 } };
}

/** For servers that send half of an image and hang up: they do when that half has arrived. */
const CUT = { onProgress: ({ bytesDone }: { bytesDone?: number }): void => void (bytesDone === HALF && hangUp()) };

async function refused(work: Promise<unknown>, code: DiagnosticCode, want: RegExp): Promise<void> {
  await assert.rejects(work, (reason) => {
    assert.ok(reason instanceof GhostError, String(reason));
    assert.equal(reason.diagnostics[0].code, code, reason.message);
    assert.match(reason.message, want);
    return true;
  });
}

const goodNames = (dir: string): readonly string[] => readdirSync(dir).filter((name) => name.endsWith(".img"));
const leftovers = (dir: string): readonly string[] => readdirSync(dir).filter((name) => !/^sha256-[0-9a-f]{64}\.(img|json)$/.test(name));

suite("an image from an address", () => {
  test("is kept under its digest, read-only, and asked for once", async (t) => {
    const { dir, server, store, source } = await bench(t);
    server.answers.set("/disk.img", file(CONTENT));
    const steps: string[] = [];
    const image = await store.ensure(source, {
      onProgress: ({ phase, bytesDone, bytesTotal }) => steps.push(`${phase} ${bytesDone}/${bytesTotal}`),
    });
    assert.deepEqual(image, {
      digest: DIGEST,
      path: join(dir, `sha256-${SHA256}.img`),
      sizeBytes: CONTENT.length,
      format: "qcow2",
      virtualSizeBytes: 2 * 2 ** 30,
    });
    assert.ok(readFileSync(image.path).equals(CONTENT));
    assert.equal(statSync(image.path).mode & 0o777, 0o444);
    assert.equal(statSync(dir).mode & 0o777, 0o711);
    assert.equal(steps[0], `downloading 0/${CONTENT.length}`);
    assert.ok(steps.includes(`downloading ${CONTENT.length}/${CONTENT.length}`));
    assert.equal(steps.at(-1), `checking ${CONTENT.length}/${CONTENT.length}`);
    assert.deepEqual(await store.ensure(source), image);
    assert.deepEqual(await store.find(DIGEST), image);
    assert.deepEqual(server.log, ["GET /disk.img"]);
    assert.deepEqual(leftovers(dir), []);
  });

  test("is fetched once for all who want it at the same time, and each sees the progress", async (t) => {
    const { server, store, source } = await bench(t);
    server.answers.set("/disk.img", file(CONTENT));
    const seen = [0, 0, 0];
    const images = await Promise.all(seen.map((_, index) => store.ensure(source, { onProgress: () => (seen[index] = 1) })));
    assert.equal(new Set(images.map(({ path }) => path)).size, 1);
    assert.deepEqual(seen, [1, 1, 1]);
    assert.deepEqual(server.log, ["GET /disk.img"]);
  });

  test("goes on for the others when one gives up, and ends when the last one does", async (t) => {
    const { dir, server, store, source } = await bench(t);
    let goOn = (): void => undefined;
    const started = new Promise<void>((resolve) =>
      server.answers.set("/disk.img", (_, response) => {
        response.writeHead(200, { "content-length": CONTENT.length, etag: '"1"' });
        response.write(CONTENT.subarray(0, HALF));
        goOn = () => void response.end(CONTENT.subarray(HALF));
        resolve();
      }),
    );
    const [one, two] = [new AbortController(), new AbortController()];
    const first = store.ensure(source, { signal: one.signal });
    const second = store.ensure(source, { signal: two.signal });
    await started;
    one.abort(new Error("one left"));
    await assert.rejects(first, /one left/);
    goOn();
    assert.equal((await second).digest, DIGEST);

    const other = imageOf(2);
    const begun = new Promise<void>((resolve) =>
      server.answers.set("/other.img", (request, response) => {
        stalled(other, HALF)(request, response);
        resolve();
      }),
    );
    const three = new AbortController();
    let arrived = (): void => undefined;
    const half = new Promise<void>((resolve) => (arrived = resolve));
    const third = store.ensure(
      { url: `${server.url}other.img`, sha256: hex(other) },
      { signal: three.signal, onProgress: ({ bytesDone }) => bytesDone === HALF && arrived() },
    );
    await Promise.all([begun, half]);
    three.abort(new Error("the last one left"));
    await assert.rejects(third, /the last one left/);
    assert.deepEqual(goodNames(dir), [`sha256-${SHA256}.img`]);
    // What was fetched is continued by whoever comes next.
    server.answers.set("/other.img", file(other));
    assert.equal((await store.ensure({ url: `${server.url}other.img`, sha256: hex(other) })).digest, `sha256:${hex(other)}`);
    assert.equal(server.log.at(-1), `GET /other.img bytes=${HALF}-`);
  });

  test("one who has given up before asks nobody", async (t) => {
    const { server, store, source } = await bench(t);
    await assert.rejects(store.ensure(source, { signal: AbortSignal.abort(new Error("gone")) }), /gone/);
    assert.deepEqual(server.log, []);
  });

  const recoveries: readonly {
    name: string;
    answers: readonly Answer[];
    want: readonly string[];
    limits?: Partial<DownloadLimits>;
  }[] = [
    { name: "hangs up in the middle", answers: [truncated(CONTENT, HALF), file(CONTENT)], want: ["", `bytes=${HALF}-`] },
    {
      name: "hangs up twice",
      answers: [truncated(CONTENT, HALF), truncated(CONTENT, HALF), file(CONTENT)],
      want: ["", "*", `bytes=${HALF}-`],
    },
    {
      name: "stalls in the middle",
      answers: [stalled(CONTENT, HALF), file(CONTENT)],
      want: ["", `bytes=${HALF}-`],
      limits: { stallMs: 150 },
    },
    { name: "stalls before its first word", answers: [() => undefined, file(CONTENT)], want: ["", ""], limits: { stallMs: 150 } },
    { name: "has a passing error", answers: [status(503), file(CONTENT)], want: ["", ""] },
    { name: "has another content in between", answers: [truncated(imageOf(5), HALF, '"0"'), file(CONTENT)], want: ["", "*"] },
    {
      name: "lies that it is the same content",
      answers: [truncated(Buffer.alloc(CONTENT.length, "x"), HALF), file(CONTENT)],
      want: ["", `bytes=${HALF}-`, ""],
    },
    {
      name: "sends a part with another ETag, against the rules",
      answers: [
        truncated(CONTENT, HALF),
        (_, response) =>
          void response
            .writeHead(206, { etag: '"2"', "content-range": `bytes ${HALF}-${CONTENT.length - 1}/${CONTENT.length}` })
            .end(Buffer.alloc(CONTENT.length - HALF)),
        file(CONTENT),
      ],
      want: ["", "*", ""],
    },
    {
      name: "sends another part than was asked for",
      answers: [
        truncated(CONTENT, HALF),
        (_, response) => void response.writeHead(206, { etag: '"1"', "content-range": `bytes 0-9/${CONTENT.length}` }).end("0123456789"),
        file(CONTENT),
      ],
      want: ["", "*", ""],
    },
    { name: "says that the part is beyond the end", answers: [truncated(CONTENT, HALF), status(416), file(CONTENT)], want: ["", "*", ""] },
    {
      name: "tells no length and no validator",
      answers: [
        (_, response) => void response.write(CONTENT.subarray(0, HALF), () => response.destroy()),
        (_, response) => void response.end(CONTENT),
      ],
      want: ["", ""],
    },
  ];
  for (const { name, answers, want, limits } of recoveries)
    test(`comes all the same from a server that ${name}`, async (t) => {
      const { dir, server, store, source } = await bench(t, limits);
      server.answers.set("/disk.img", inOrder(...answers));
      let checks = 0;
      const onProgress: Progress = (update) => {
        CUT.onProgress(update);
        if (update.phase === "checking" && update.bytesDone === update.bytesTotal) checks += 1;
      };
      const image = await store.ensure(source, { onProgress });
      // What the server itself says to be another content is not even joined.
      assert.equal(checks, name.startsWith("lies") ? 2 : 1);
      assert.ok(readFileSync(image.path).equals(CONTENT));
      assert.deepEqual(leftovers(dir), []);
      const ranges = server.log.map((line) => line.split(" ")[2] ?? "");
      assert.deepEqual(
        ranges.map((range, index) => (want[index] === "*" ? "*" : range)),
        want,
      );
    });

  test("is continued after the agent was killed", async (t) => {
    const { dir, server, open, source } = await bench(t, { attempts: 1 });
    server.answers.set("/disk.img", truncated(CONTENT, HALF));
    await refused(open().ensure(source, CUT), "IMAGE_MISSING", /127\.0\.0\.1:\d+\/disk\.img: the connection failed/);
    assert.deepEqual(goodNames(dir), []);
    server.answers.set("/disk.img", file(CONTENT));
    assert.equal((await open().ensure(source)).digest, DIGEST);
    assert.deepEqual(server.log, ["GET /disk.img", `GET /disk.img bytes=${HALF}-`]);
  });

  test("that was complete when the agent was killed is not fetched again", async (t) => {
    const { dir, server, open, source } = await bench(t, { attempts: 1 });
    server.answers.set("/disk.img", truncated(CONTENT, HALF));
    await refused(open().ensure(source, CUT), "IMAGE_MISSING", /./);
    writeFileSync(join(dir, `sha256-${SHA256}.partial`), CONTENT);
    server.answers.set("/disk.img", file(CONTENT));
    assert.equal((await open().ensure(source)).digest, DIGEST);
    assert.deepEqual(server.log, ["GET /disk.img", `GET /disk.img bytes=${CONTENT.length}-`]);
  });

  const failures: readonly {
    name: string;
    answer: Answer;
    want: RegExp;
    asked?: number;
    limits?: Partial<DownloadLimits>;
  }[] = [
    { name: "that is not there", answer: status(404), want: /it answers 404/, asked: 1 },
    { name: "of a server that is broken", answer: status(500), want: /it answers 500/, asked: 3 },
    {
      name: "of a server that never answers",
      answer: () => undefined,
      want: /it sent nothing for 0\.1 s/,
      asked: 3,
      limits: { stallMs: 100 },
    },
    { name: "that always ends early", answer: truncated(CONTENT, HALF), want: /the connection failed/, asked: 3 },
    {
      name: "that has another content",
      answer: file(imageOf(7)),
      want: new RegExp(`has the sha256 ${hex(imageOf(7))}, and ${SHA256} is wanted`),
      asked: 1,
    },
    {
      name: "that is longer than promised",
      answer: (_, response) => {
        response.strictContentLength = false;
        response.writeHead(200, { "content-length": HALF }).end(CONTENT);
      },
      want: /has the sha256|the connection failed/,
    },
    { name: "that redirects for ever", answer: status(302, { location: "/disk.img" }), want: /redirects more than 3 times/, asked: 4 },
    {
      name: "that redirects to a file",
      answer: status(302, { location: "file:///etc/passwd" }),
      want: /no http or https address/,
      asked: 1,
    },
    {
      name: "that redirects to a password",
      answer: status(302, { location: "http://u:Hush@127.0.0.1/" }),
      want: /user or password in it/,
      asked: 1,
    },
    { name: "that says it is too large", answer: file(CONTENT), want: /larger than 1000 bytes/, limits: { maxBytes: 1000 }, asked: 1 },
    {
      name: "that turns out too large",
      answer: (_, response) => {
        response.write(CONTENT);
        response.end(CONTENT);
      },
      want: /larger than 200000 bytes/,
      limits: { maxBytes: 200_000 },
      asked: 1,
    },
    { name: "that comes compressed", answer: status(200, { "content-encoding": "gzip" }), want: /sends the file as gzip/, asked: 1 },
    { name: "that is a partial answer to a whole question", answer: status(206), want: /it answers 206/, asked: 1 },
  ];
  for (const { name, answer, want, asked, limits } of failures)
    test(`nothing is kept of one ${name}`, async (t) => {
      const { dir, server, store, source } = await bench(t, limits);
      server.answers.set("/disk.img", answer);
      const secret = { ...source, url: `${source.url}?token=Hush` };
      await refused(store.ensure(secret, CUT), "IMAGE_MISSING", want);
      await store
        .ensure(secret, CUT)
        .catch((reason: unknown) => assert.doesNotMatch(JSON.stringify((reason as GhostError).diagnostics), /Hush/));
      assert.deepEqual(goodNames(dir), []);
      if (asked !== undefined) assert.equal(server.log.length, 2 * asked);
    });

  test("a server that is not there, an address that is none, a digest that is none", async (t) => {
    const { server, store, source } = await bench(t);
    await server[Symbol.asyncDispose]();
    t.mock.method(server, Symbol.asyncDispose, async () => undefined);
    await refused(store.ensure(source), "IMAGE_MISSING", /connection failed \(ECONNREFUSED\)/);
    await refused(store.ensure({ ...source, url: "no address" }), "IMAGE_MISSING", /no http or https address/);
    await refused(store.ensure({ ...source, url: "http://u:Hush@127.0.0.1/x" }), "IMAGE_MISSING", /^(?!.*Hush)/);
    await refused(store.ensure({ ...source, sha256: "" }), "IMAGE_MISSING", /has no digest to check it by/);
  });

  test("with the right digest that is no image is refused, and nothing is left", async (t) => {
    const { dir, server, store } = await bench(t);
    const cases = [
      { content: Buffer.from("<html>".repeat(1000)), want: /no disk image/ },
      { content: emptyQcow2(2 ** 30, { path: "/etc/shadow", format: "raw" }), want: /overlay over/ },
      { content: CONTENT.subarray(0, 3 * 65536), want: /cut off/ },
    ];
    for (const { content, want } of cases) {
      server.answers.set("/bad.img", file(content));
      await refused(store.ensure({ url: `${server.url}bad.img`, sha256: hex(content) }), "IMAGE_MISSING", want);
      assert.deepEqual(readdirSync(dir), []);
    }
  });

  test("more than the disk has room for is refused before it is fetched", async (t) => {
    const { dir, server, store, source } = await bench(t, { maxBytes: 2 ** 62 });
    server.answers.set("/disk.img", (_, response) => void response.writeHead(200, { "content-length": 2 ** 52 }).write("x"));
    await refused(store.ensure(source), "HOST_OUT_OF_DISK", /4503599627370496 bytes are to come/);
    assert.deepEqual(readdirSync(dir), []);
  });

  test("a disk that is full in the middle is left with the room it had", async (t) => {
    const { dir, server, store, source } = await bench(t);
    mkdirSync(dir);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", dir]).status !== 0) return t.skip("needs the right to mount");
    try {
      server.answers.set("/disk.img", (_, response) => {
        response.write(CONTENT);
        response.end();
      });
      await refused(store.ensure(source), "HOST_OUT_OF_DISK", /it is full/);
      assert.deepEqual(readdirSync(dir), []);
    } finally {
      spawnSync("umount", [dir]);
    }
  });

  test("one that lost its end on the disk is fetched anew", async (t) => {
    const { server, store, source } = await bench(t);
    server.answers.set("/disk.img", file(CONTENT));
    const { path } = await store.ensure(source);
    chmodSync(path, 0o600);
    truncateSync(path, HALF);
    assert.equal(await store.find(DIGEST), undefined);
    await store.ensure(source);
    assert.ok(readFileSync(path).equals(CONTENT));
  });
});

suite("an image of the catalogue", () => {
  const sums = (content: Buffer, algorithm = "sha256"): string => `${hex(content, algorithm)} *disk.img\n`;

  test("is what the vendor's checksum file says; sha512 is turned into the sha256 that it is kept under", async (t) => {
    for (const algorithm of ["sha256", "sha512"]) {
      const { server, store, open } = await bench(t);
      server.answers.set("/v/SUMS", text(sums(CONTENT, algorithm)));
      server.answers.set("/v/disk.img", file(CONTENT));
      assert.equal((await store.ensure({ name: "named" })).digest, DIGEST);
      assert.deepEqual(
        (await store.list()).map(({ names, digest }) => ({ names, digest })),
        [{ names: ["named"], digest: DIGEST }],
      );
      assert.equal((await open().ensure({ name: "named" })).digest, DIGEST);
      assert.deepEqual(server.log, ["GET /v/SUMS", "GET /v/disk.img", "GET /v/SUMS"]);
    }
  });

  test("pinned to a digest that is here asks nobody", async (t) => {
    const { server, store, source } = await bench(t);
    server.answers.set("/disk.img", file(CONTENT));
    await store.ensure(source);
    assert.equal((await store.ensure({ name: "named", digest: DIGEST })).digest, DIGEST);
    assert.deepEqual(server.log, ["GET /disk.img"]);
  });

  test("pinned to what the vendor has no more is refused: before the fetch where the vendor says sha256", async (t) => {
    for (const [algorithm, fetched] of [
      ["sha256", 0],
      ["sha512", 1],
    ] as const) {
      const { server, store } = await bench(t);
      server.answers.set("/v/SUMS", text(sums(imageOf(3), algorithm)));
      server.answers.set("/v/disk.img", file(imageOf(3)));
      await refused(
        store.ensure({ name: "named", digest: DIGEST }),
        "IMAGE_MISSING",
        new RegExp(`is sha256:${hex(imageOf(3))} at its vendor by now`),
      );
      assert.equal(server.log.filter((line) => line.includes("disk.img")).length, fetched);
    }
  });

  test("comes from a mirror where the vendor does not answer, is broken, or has another content", async (t) => {
    const answers = [status(404), status(500), truncated(CONTENT, HALF), file(imageOf(4))];
    for (const answer of answers) {
      const { server, mirror, store } = await bench(t);
      server.answers.set("/v/SUMS", text(sums(CONTENT)));
      server.answers.set("/v/disk.img", answer);
      mirror.answers.set("/m/disk.img", file(CONTENT));
      assert.equal((await store.ensure({ name: "named" }, CUT)).digest, DIGEST);
      assert.deepEqual(mirror.log, ["GET /m/disk.img"]);
    }
  });

  test("its checksum comes from a mirror where the vendor's is not there", async (t) => {
    const { mirror, store } = await bench(t);
    mirror.answers.set("/m/SUMS", text(sums(CONTENT)));
    mirror.answers.set("/m/disk.img", file(CONTENT));
    assert.equal((await store.ensure({ name: "named" })).digest, DIGEST);
  });

  test("that does not fit the checksum file is refused; every address is in the message", async (t) => {
    const { dir, server, mirror, store } = await bench(t);
    server.answers.set("/v/SUMS", text(sums(imageOf(9))));
    server.answers.set("/v/disk.img", file(CONTENT));
    mirror.answers.set("/m/disk.img", file(CONTENT));
    await refused(
      store.ensure({ name: "named" }),
      "IMAGE_MISSING",
      /\/v\/disk\.img: what it sends has .*\/m\/disk\.img: what it sends has/,
    );
    assert.deepEqual(readdirSync(dir), []);
  });

  test("with a checksum file that does not name it, or is none, is refused", async (t) => {
    const { server, mirror, store } = await bench(t);
    server.answers.set("/v/SUMS", text(`${SHA256} *other.img\n`));
    mirror.answers.set("/m/SUMS", (_, response) => void response.end(Buffer.alloc(2 ** 21)));
    await refused(store.ensure({ name: "named" }), "IMAGE_MISSING", /no one checksum of disk\.img; .*larger than 1048576 bytes/);
  });

  test("that the vendor replaced while it was fetched is the new one", async (t) => {
    const { server, store } = await bench(t);
    server.answers.set("/v/SUMS", inOrder(text(sums(imageOf(6))), text(sums(CONTENT))));
    server.answers.set("/v/disk.img", file(CONTENT));
    assert.equal((await store.ensure({ name: "named" })).digest, DIGEST);
  });

  test("is the newest one here while no vendor can be reached, unless another one is asked for", async (t) => {
    const { server, store } = await bench(t);
    for (const content of [imageOf(8), CONTENT]) {
      server.answers.set("/v/SUMS", text(sums(content)));
      server.answers.set("/v/disk.img", file(content));
      await store.ensure({ name: "named" });
    }
    server.answers.clear();
    assert.equal((await store.ensure({ name: "named" })).digest, DIGEST);
    assert.equal((await store.ensure({ name: "named", digest: `sha256:${hex(imageOf(8))}` })).digest, `sha256:${hex(imageOf(8))}`);
    await refused(store.ensure({ name: "named", digest: `sha256:${"0".repeat(64)}` }), "IMAGE_MISSING", /checksum of the image "named"/);
  });

  test("of another name is unknown", async (t) => {
    const { store } = await bench(t);
    await refused(store.ensure({ name: "windows" }), "IMAGE_UNKNOWN", /no image named "windows"/);
  });
});

suite("an image of this host", () => {
  test("is copied, whatever becomes of the file, and not read again when its digest is given", async (t) => {
    const { dir, store } = await bench(t);
    const path = `${dir}.source`;
    writeFileSync(path, CONTENT);
    const image = await store.ensure({ path });
    assert.equal(image.digest, DIGEST);
    rmSync(path);
    assert.ok(readFileSync(image.path).equals(CONTENT));
    assert.equal((await store.ensure({ path, sha256: SHA256 })).digest, DIGEST);
    await refused(store.ensure({ path }), "IMAGE_MISSING", /is not there/);
    assert.deepEqual(leftovers(dir), []);
  });

  test("is read once, and again when it is another one", async (t) => {
    const { dir, store } = await bench(t);
    const path = `${dir}.source`;
    writeFileSync(path, CONTENT);
    const read = async (): Promise<readonly [string, boolean]> => {
      let isRead = false;
      const { digest } = await store.ensure({ path }, { onProgress: () => (isRead = true) });
      return [digest, isRead];
    };
    assert.deepEqual(
      [await read(), await read()],
      [
        [DIGEST, true],
        [DIGEST, false],
      ],
    );
    writeFileSync(path, imageOf(8));
    assert.deepEqual(await read(), [`sha256:${hex(imageOf(8))}`, true]);
    // A file of the same size and time in its place.
    const { atime, mtime } = statSync(path);
    writeFileSync(`${path}.new`, imageOf(9));
    utimesSync(`${path}.new`, atime, mtime);
    renameSync(`${path}.new`, path);
    assert.deepEqual(await read(), [`sha256:${hex(imageOf(9))}`, true]);
    rmSync(path);
    await refused(store.ensure({ path }), "IMAGE_MISSING", /is not there/);
  });

  test("that is raw keeps its holes", async (t) => {
    const { dir, store } = await bench(t);
    const path = `${dir}.raw`;
    const start = Buffer.alloc(512);
    start.writeUInt16BE(0x55aa, 510);
    writeFileSync(path, start);
    truncateSync(path, 64 * 2 ** 20);
    const image = await store.ensure({ path });
    assert.deepEqual([image.format, image.virtualSizeBytes], ["raw", 64 * 2 ** 20]);
    assert.ok(statSync(image.path).blocks * 512 <= 2 ** 21);
  });

  test("that is another one, no file or no image is refused, and nothing is left", async (t) => {
    const { dir, store } = await bench(t);
    const path = `${dir}.bad`;
    writeFileSync(path, "root:x:0:0\n".repeat(500));
    symlinkSync("/dev/zero", `${path}.link`);
    await refused(store.ensure({ path }), "IMAGE_MISSING", /no disk image/);
    await refused(store.ensure({ path, sha256: SHA256 }), "IMAGE_MISSING", new RegExp(`and ${DIGEST} is wanted`));
    for (const none of [tmpdir(), "/dev/null", `${path}.link`])
      await refused(store.ensure({ path: none }), "IMAGE_MISSING", /no ordinary file/);
    assert.deepEqual(readdirSync(dir), []);
  });
});

suite("what a killed agent has left", () => {
  test("of copies goes before the next one is made, and nothing else does", async (t) => {
    const { dir, open } = await bench(t);
    mkdirSync(dir);
    const kept = [`sha256-${SHA256}.partial`, `sha256-${SHA256}.partial.json`, "import-of-somebody.img"];
    for (const name of [...kept, "import-0a1b.partial"]) writeFileSync(join(dir, name), "half");
    const path = `${dir}.source`;
    writeFileSync(path, CONTENT);
    const store = open();
    store.clear();
    assert.equal((await store.ensure({ path })).digest, DIGEST);
    assert.deepEqual(leftovers(dir), kept.toSorted());
  });
});

suite("prune", () => {
  test("removes what nobody uses and what broke off, and nothing that goes on", async (t) => {
    const { dir, server, store, open } = await bench(t, { attempts: 1 });
    const sources = [1, 2, 3].map((number) => {
      server.answers.set(`/${number}.img`, file(imageOf(number)));
      return { url: `${server.url}${number}.img`, sha256: hex(imageOf(number)) };
    });
    for (const source of sources) await store.ensure(source);
    server.answers.set("/broken.img", truncated(imageOf(4), HALF));
    await refused(store.ensure({ url: `${server.url}broken.img`, sha256: hex(imageOf(4)) }, CUT), "IMAGE_MISSING", /./);
    let goOn = (): void => undefined;
    server.answers.set("/slow.img", (_, response) => {
      response.write(imageOf(5).subarray(0, HALF));
      goOn = () => void response.end(imageOf(5).subarray(HALF));
    });
    let arrived = (): void => undefined;
    const half = new Promise<void>((resolve) => (arrived = resolve));
    const slow = store.ensure(
      { url: `${server.url}slow.img`, sha256: hex(imageOf(5)) },
      { onProgress: ({ bytesDone }) => bytesDone === HALF && arrived() },
    );
    await half;
    writeFileSync(join(dir, "somebody-elses.txt"), "stays");
    const { removed, bytes } = await store.prune(new Set([`sha256:${sources[1]?.sha256}`]));
    assert.deepEqual(
      removed.map(({ digest }) => digest).sort(),
      [sources[0], sources[2]].map((source) => `sha256:${source?.sha256}`).sort(),
    );
    assert.ok(bytes >= 2 * CONTENT.length + HALF, `${bytes}`);
    goOn();
    await slow;
    assert.deepEqual(goodNames(dir).length, 2);
    assert.deepEqual(leftovers(dir), ["somebody-elses.txt"]);
    assert.deepEqual((await open().prune(new Set())).removed.length, 2);
    assert.deepEqual(readdirSync(dir), ["somebody-elses.txt"]);
  });

  test("of a folder that is not there removes nothing", async (t) => {
    const { store } = await bench(t);
    assert.deepEqual(await store.prune(new Set()), { removed: [], bytes: 0 });
  });
});
