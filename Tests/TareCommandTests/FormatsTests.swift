import Foundation
import Testing

@Suite struct FormatsTests {
  private let tare = Program.tare

  @Test func tableNamesEveryDataType() throws {
    let result = try tare.run(["formats"])
    #expect(result.exitCode == 0)
    #expect(result.errors == "")
    let rows = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.contains(["BF16", "16", "bits", "float"]))
    #expect(rows.contains(["F4", "4", "bits", "float"]))
    #expect(rows.contains(["Q6_K", "6.56", "bits", "blocks", "of", "256"]))
    #expect(rows.contains { $0.first == "safetensors" && $0.contains("reads") })
    #expect(!result.output.contains("\u{1B}"))
  }

  @Test func jsonIsOneDocument() throws {
    let result = try tare.run(["formats", "--json"])
    #expect(result.exitCode == 0)
    let json = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
    #expect(json["tare"] as? String == "0.1.0")
    let dtypes = try #require(json["dtypes"] as? [[String: Any]])
    #expect(dtypes.first { $0["name"] as? String == "F6_E2M3" }?["bits"] as? Int == 6)
    #expect(dtypes.first { $0["name"] as? String == "Q4_0" }?["bits"] as? Double == 4.5)
    #expect(json.keys.sorted() == ["containers", "dtypes", "encodings", "tare"])
  }

  @Test func colorsShowWhereAskedFor() throws {
    let terminal = RunningProgram.Stream.terminal(columns: 80)
    let term = ["TERM": "xterm"]
    func isColored(_ arguments: [String], _ output: RunningProgram.Stream, _ variables: [String: String]) throws -> Bool
    {
      let result = try tare.run(["formats"] + arguments, output: output, environment: variables)
      #expect(result.exitCode == 0)
      return result.output.contains("\u{1B}[1mContainers\u{1B}[0m")
    }
    #expect(try isColored([], terminal, term))
    #expect(try !isColored([], .captured, term))
    #expect(try !isColored([], terminal, ["TERM": "dumb"]))
    #expect(try !isColored([], terminal, ["TERM": "xterm", "NO_COLOR": "1"]))
    #expect(try isColored([], terminal, ["TERM": "xterm", "NO_COLOR": ""]))
    #expect(try !isColored(["--color", "never"], terminal, term))
    #expect(try isColored(["--color", "always"], .captured, ["NO_COLOR": "1"]))
  }
}
