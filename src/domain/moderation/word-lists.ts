/**
 * Words that count as profanity, written for Kabar. Matching is by whole word, without case and accents, with digits for letters and
 * drawn-out letters undone, so that only real variants are listed. Words that are mostly innocent (animals as food, parts of the body
 * in medicine, short forms that are names) are left out; a workspace adds its own with `blocklist`.
 */
const INDONESIAN = `
  anjing anjeng anying anjrit anjritt asu asw bajingan bangsat bangsad bgst bangke bacot bego begok bejad bencong bispak
  bokep brengsek cukimai cukimay dancok dancuk jancok jancuk jancik jancox diancok gathel goblok goblog gblk itil
  jablay jablai jembut jembot jmbt kampang kampret kimak kentot kentu kntl kontol kontolodon konthol kunyuk lonte meki
  memek mmk ngaceng ngentot ngentod ngewe ngewek entot entod pantek pecun pelacur pepek pler peler perek puki pukimak
  pukimai sange silit taik tempik tolol tll toket turuk
`;

const ENGLISH = `
  arse arsehole arseholes ass asses asshat asshole assholes bastard bastards bellend bitch bitches bitching bitchy
  blowjob blowjobs bollocks boner bullshit bullshitter buttfuck clusterfuck cocksucker cocksuckers crackwhore
  cumshot cunt cunts cunty dick dickhead dickheads dicks dipshit dipshits douche douchebag douchebags dumbass
  dumbasses fag faggot faggots fags fck fcking fuck fucka fucked fucker fuckers fuckface fuckhead fuckin fucking
  fucks fucktard fuckwit fuk fuking goddamn goddamned gtfo handjob horseshit jackass jerkoff jizz kike kikes knobhead
  mofo motherfucker motherfuckers motherfucking mothafucka nigga niggas nigger niggers pissoff prick pricks
  pussies pussy retard retarded retards shit shite shitface shithead shitheads shithole shits shitshow shitstain
  shitted shitter shitting shitty skank skanks slut sluts slutty spic spics stfu tits titties titty tosser tossers
  tranny trannies twat twats wank wanker wankers wanking whore whores
`;

const split = (text: string) => text.split(/\s+/).filter((word) => word !== "");

export const PROFANITY: readonly string[] = [...split(INDONESIAN), ...split(ENGLISH)];
