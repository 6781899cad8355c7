import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { suite, test } from "node:test";
import { createSecureContext } from "node:tls";
import { makeCertificate } from "./certificate.ts";

suite("makeCertificate", () => {
  // The signature's length differs from one to the next, and with it every length around it.
  test("OpenSSL takes it, whatever its length", () => {
    const lengths = new Set<number>();
    for (let n = 0; n < 2_000 && lengths.size < 4; n++) {
      const { der, certPem, keyPem } = makeCertificate();
      if (lengths.has(der.length)) continue;
      lengths.add(der.length);
      createSecureContext({ cert: certPem, key: keyPem, ca: certPem });
      const parsed = new X509Certificate(der);
      assert.ok(parsed.verify(parsed.publicKey));
      assert.equal(parsed.checkHost("localhost"), "localhost");
      assert.ok(parsed.ca);
    }
  });

  test("it is valid now, in either form of a date", () => {
    for (const now of ["2026-11-20T00:00:00Z", "2049-12-31T00:00:00Z", "2051-01-01T00:00:00Z"]) {
      const { der } = makeCertificate(new Date(now));
      const { validFromDate, validToDate } = new X509Certificate(der);
      assert.ok(validFromDate < new Date(now) && new Date(now) < validToDate, now);
    }
  });
});
