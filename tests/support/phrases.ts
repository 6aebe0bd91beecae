/** Pieces of talk in several scripts, for generated conversations. Written for this project; no text of anybody else's. */
export const ENGLISH = [
  "did you see the numbers from this morning?",
  "I'm on my way, ten minutes",
  "the build is green again",
  "can somebody review this before lunch",
  "let's move the meeting to Thursday",
  "that's what I thought too",
  "running late, sorry!",
  "who is bringing the cake?",
  "it works on my machine ¯\\_(ツ)_/¯",
  "I'd rather wait until the harbour office answers",
  'she said "not before Monday"',
  "see https://example.test/path?q=1&lang=en#top for the details",
  "ok",
  "thanks a lot",
  "the invoices for April & May are in <folder 7>",
  "haha yes",
];

export const INDONESIAN = [
  "sudah makan belum?",
  "nanti aku kabari ya",
  "rapatnya dipindahkan ke hari Kamis",
  "tolong kirimkan laporan keuangan bulan lalu",
  "macet sekali di jalan Sudirman pagi ini",
  "terima kasih banyak atas bantuannya",
  "barangnya belum dikirim, masih di gudang",
  "siapa yang membawa kunci kantor?",
  "pembayaran sudah diterima, mohon dicek",
  "wkwkwk iya bener",
  "besok libur kan?",
  "jangan lupa membaca pengumuman yang baru",
];

export const OTHERS = [
  "مرحبا، هل وصل الطلب؟",
  "שלום לכולם, הפגישה נדחתה למחר",
  "今天晚上一起吃饭吗?",
  "お疲れ様です。資料を送りました。",
  "สวัสดีครับ เจอกันพรุ่งนี้",
  "नमस्ते, फ़ाइल मिल गई क्या?",
  "Привет! Отчёт готов",
  "Καλημέρα σε όλους",
  "가는 중이에요",
  "naïve café — “smart quotes” … and e\u0301 with a combining accent",
  "mixed עברית and English, then عربي \u200Fwith a mark",
  "𝕳𝖊𝖑𝖑𝖔 𠜎𠜱 four-byte letters",
  "line one\nline two\n\tindented \\ backslash",
];

export const EMOJI = ["👍", "❤️", "😂", "🎉", "🙏", "🔥", "👀", "👩🏽‍💻", "🏳️‍🌈", "🇮🇩", "🤷‍♂️", "✅"];

export const NAMES = [
  "Ana Wijaya",
  "Budi Santoso",
  "Citra Dewi",
  "Dimas Pratama",
  "Eka Putri",
  "Farah Hidayat",
  "George Miller",
  "Hana Suzuki",
  "עדי כהן",
  "ليلى حسن",
  "李伟",
  "Łukasz Żak",
  "Zoë O’Brien",
  "Nguyễn An",
  "😎 Raka",
];
