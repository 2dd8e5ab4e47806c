/** Types of the parts that pdf.ts uses of two packages that come without types. */

declare module 'pdfkit' {
  export default class PDFDocument {
    constructor(options: {
      readonly size: readonly [number, number]
      readonly margin: number
      readonly info: Readonly<Record<string, string | Date>>
    })
    on(event: 'data', listener: (chunk: Uint8Array) => void): void
    on(event: 'end', listener: () => void): void
    registerFont(name: string, path: string): void
    end(): void
  }
}

declare module 'svg-to-pdfkit' {
  import type PDFDocument from 'pdfkit'
  export default function svgToPdf(
    document: PDFDocument,
    svg: string,
    x: number,
    y: number,
    options: {
      readonly fontCallback: (family: string, bold: boolean, italic: boolean) => string
    },
  ): void
}
