import { mount } from "svelte";
import App from "./components/App.svelte";
import { theme } from "./lib/theme.svelte";
import "./lib/texts";
import "./app.css";

theme.start();
const target = document.getElementById("app");
if (target) mount(App, { target });
