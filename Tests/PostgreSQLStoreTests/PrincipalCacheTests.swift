#if PostgreSQL
import KeyDistribution
import Testing
import Wire

@testable import Directory
@testable import PostgreSQLStore

@Suite("What was found lately")
struct PrincipalCacheTests {
  private func principal(_ text: String) throws -> Principal {
    Principal(user: try user(text))
  }

  @Test("It is told again until its time is over")
  func lifetime() throws {
    var cache = PrincipalCache(lifetime: .seconds(60))
    let bob = try name("bob")
    #expect(cache.find(bob) == nil)
    cache.insert(try principal("bob"), of: bob, sent: cache.now, at: .now)
    #expect(cache.find(bob)?.user == (try user("bob")))
    #expect(cache.find(try name("carol")) == nil)
    cache.insert(try principal("bob"), of: bob, sent: cache.now, at: .now - .seconds(60))
    #expect(cache.find(bob) == nil)
    // Also that there is nothing.
    cache.insert(Principal(), of: bob, sent: cache.now, at: .now)
    #expect(cache.find(bob) != nil)
    #expect(cache.find(bob)?.user == nil)
  }

  @Test("What was asked for before a change does not count after it")
  func stale() throws {
    var cache = PrincipalCache(lifetime: .seconds(60))
    let bob = try name("bob")
    let sent = cache.now
    cache.forget(bob)
    cache.insert(try principal("bob"), of: bob, sent: sent, at: .now)
    #expect(cache.find(bob) == nil)
    cache.insert(try principal("bob"), of: bob, sent: cache.now, at: .now)
    #expect(cache.find(bob) != nil)
    cache.forget(bob)
    #expect(cache.find(bob) == nil)
  }

  @Test("Another name's change leaves it alone")
  func other() throws {
    var cache = PrincipalCache(lifetime: .seconds(60))
    let bob = try name("bob")
    let sent = cache.now
    // Of few names two have one place, and none of the next ones.
    for number in 0..<3 {
      cache.forget(try name("other\(number)"))
      cache.insert(try principal("bob"), of: bob, sent: sent, at: .now)
      if cache.find(bob) != nil { return }
    }
    Issue.record("a change of another name was taken for one of this")
  }

  @Test("When anything may have changed, nothing of before counts")
  func all() throws {
    var cache = PrincipalCache(lifetime: .seconds(60))
    let names = try (0..<100).map { try name("user\($0)") }
    let sent = cache.now
    for name in names {
      cache.insert(try principal("\(name)"), of: name, sent: cache.now, at: .now)
    }
    cache.forgetAll()
    for name in names {
      #expect(cache.find(name) == nil)
      cache.insert(try principal("\(name)"), of: name, sent: sent, at: .now)
      #expect(cache.find(name) == nil)
      cache.insert(try principal("\(name)"), of: name, sent: cache.now, at: .now)
    }
    // Names that meet displace each other, which is seldom.
    #expect(names.count { cache.find($0) != nil } > 90)
  }

  @Test("It has room for so many, however many there are")
  func bounded() throws {
    var cache = PrincipalCache(lifetime: .seconds(60))
    let count = 2 * PrincipalCache.limit
    for number in 0..<count {
      let name = try name("user\(number)")
      cache.insert(Principal(), of: name, sent: cache.now, at: .now)
    }
    let kept = try (0..<count).count { cache.find(try name("user\($0)")) != nil }
    #expect(kept > PrincipalCache.limit / 2)
    #expect(kept <= PrincipalCache.limit)
  }
}

@Suite("What the store tells all KDCs")
struct StoreNoticeTests {
  @Test("A name, or a wrong proof, and nothing else")
  func forms() throws {
    #expect(StoreNotice("name bob") == .changed(try name("bob")))
    let proof = StoreNotice.wrongProof(replica: "r1", try wrongProof("bob", at: 5))
    #expect(StoreNotice("wrong r1 bob 192.0.2.7:4711 5") == proof)
    for text in [
      "", "name", "name Bob", "name bob ", "name  bob", "wrong r1 bob 192.0.2.7:4711",
      "wrong r1 bob 192.0.2.7 5", "wrong r1 bob 192.0.2.7:4711 -5", "other bob",
    ] {
      #expect(StoreNotice(text) == nil, "\(text)")
    }
  }
}
#endif
