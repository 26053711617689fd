import ArgumentParser
import Tare

/// `tare formats`
struct FormatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "formats",
    abstract: "Lists the containers, data types and encodings that this build reads and writes.")

  @OptionGroup var output: JSONOption
  @OptionGroup var color: ColorOption

  func run() throws {
    try StandardOutput.shared.write(output.json ? json : text(color.style))
  }

  private func text(_ style: TextStyle) -> String {
    let containers = ContainerRegistry.all.map {
      [$0.name, "reads", $0.isWritten ? "writes" : "", $0.summary]
    }
    let dtypes = DType.known.map { dtype in
      let whole = dtype.bits == dtype.bits.rounded()
      return [dtype.name, "\(whole ? String(Int(dtype.bits)) : decimal(dtype.bits, digits: 2)) bits", dtype.kindText]
    }
    let encodings = EncodingRegistry.all.map { [$0.id, $0.stage.rawValue, $0.summary] }
    return [("Containers", containers), ("Data types", dtypes), ("Encodings", encodings)]
      .map { title, rows in style.bold(title) + "\n" + AlignedText.rows(rows, indent: "  ") }
      .joined(separator: "\n")
  }

  private var json: String {
    var json = JSONText()
    json.object { json in
      json.string("tare", toolVersion)
      json.array("containers") { json in
        for container in ContainerRegistry.all {
          json.object { json in
            json.string("name", container.name)
            json.bool("reads", true)
            json.bool("writes", container.isWritten)
            json.string("description", container.summary)
          }
        }
      }
      json.array("dtypes") { json in
        for dtype in DType.known {
          json.object { json in
            json.string("name", dtype.name)
            if let whole = Int(exactly: dtype.bits) {
              json.integer("bits", whole)
            } else {
              json.number("bits", dtype.bits)
            }
            json.string("kind", dtype.kindText)
          }
        }
      }
      json.array("encodings") { json in
        for encoding in EncodingRegistry.all {
          json.object { json in
            json.string("id", encoding.id)
            json.string("stage", encoding.stage.rawValue)
            json.string("description", encoding.summary)
          }
        }
      }
    }
    return json.text + "\n"
  }
}
