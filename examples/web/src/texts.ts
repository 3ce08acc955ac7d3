const fr = {
  appName: "Mon compte",
  email: "Adresse e-mail",
  password: "Mot de passe",
  code: "Code à six chiffres",
  login: "Se connecter",
  secondFactor: "Saisissez le code affiché par votre application d’authentification.",
  register: "Créer un compte",
  sendCode: "Recevoir un code",
  codeSent: (email: string) => `Nous avons envoyé un code à ${email}.`,
  profile: "Profil",
  first_name: "Prénom",
  last_name: "Nom",
  birth_date: "Date de naissance",
  noDate: "Cette date est incomplète ou n’existe pas.",
  phone_number: "Téléphone",
  save: "Enregistrer",
  devices: "Appareils",
  thisDevice: "cet appareil",
  lastUsed: "Dernière utilisation :",
  logoutDevice: (name: string) => `Déconnecter ${name}`,
  logout: "Se déconnecter",
  back: "Retour",
  retry: "Réessayer",
  waiting: (seconds: number) => `Réessayez dans ${seconds} s`,
  otherLanguage: "English",
};

const en: typeof fr = {
  appName: "My account",
  email: "Email address",
  password: "Password",
  code: "Six-digit code",
  login: "Log in",
  secondFactor: "Enter the code that your authenticator app shows.",
  register: "Create an account",
  sendCode: "Get a code",
  codeSent: (email: string) => `We have sent a code to ${email}.`,
  profile: "Profile",
  first_name: "First name",
  last_name: "Last name",
  birth_date: "Date of birth",
  noDate: "This date is incomplete or does not exist.",
  phone_number: "Phone",
  save: "Save",
  devices: "Devices",
  thisDevice: "this device",
  lastUsed: "Last used:",
  logoutDevice: (name: string) => `Log ${name} out`,
  logout: "Log out",
  back: "Back",
  retry: "Try again",
  waiting: (seconds: number) => `Try again in ${seconds} s`,
  otherLanguage: "Français",
};

let language: "fr" | "en" = navigator.language.startsWith("en") ? "en" : "fr";

/** The language that is shown. The server answers and writes mails in it too. */
export const locale = () => language;

export function switchLanguage(): void {
  language = language === "fr" ? "en" : "fr";
}

/** The texts in that language. */
export const t = () => (language === "fr" ? fr : en);
