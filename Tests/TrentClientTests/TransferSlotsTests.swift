import Testing
import Wire

@testable import TrentClient

/// How many transfers there may be at once.
@Suite struct TransferSlotsTests {
  private func name(_ text: String) throws -> PrincipalName { try #require(PrincipalName(text)) }

  @Test func oneSenderNeverTakesEveryPlace() throws {
    let slots = TransferSlots()
    let alice = try name("alice")
    #expect(slots.take(for: alice) && slots.take(for: alice))
    #expect(!slots.take(for: alice) && !slots.hasRoom(for: alice))
    #expect(slots.hasRoom(for: try name("bob")))
    slots.release(alice)
    #expect(slots.hasRoom(for: alice) && !slots.hasRoom(for: alice, besides: 1))
    #expect(slots.count == 1)
  }

  @Test func thereAreEightInAll() throws {
    let slots = TransferSlots()
    for number in 0..<8 { #expect(slots.take(for: try name("user\(number / 2)"))) }
    let late = try name("late")
    #expect(!slots.hasRoom(for: late) && !slots.take(for: late))
    slots.release(try name("user0"))
    #expect(slots.take(for: late))
    #expect(slots.count == 8)
  }
}
