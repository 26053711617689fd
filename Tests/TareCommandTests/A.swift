import Testing
@testable import TareCommand
@Test func x() { #expect(decimal(1.25, digits: 1) == "1.3") }
